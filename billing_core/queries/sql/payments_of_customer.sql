-- A customer's payments, newest first, a page at a time, each with its invoice, its fee and its newest dispute.
-- Whose Stripe customers: the newest match holds.
with own as (
    select connection_id, stripe_customer_id
    from (
        select distinct on (connection_id, stripe_customer_id) connection_id, stripe_customer_id, customer_id
        from stripe_customer_match
        where tenant_id = :tenant_id
          and (connection_id, stripe_customer_id) in (select connection_id, stripe_customer_id from stripe_customer_match
                                                      where tenant_id = :tenant_id and customer_id = :customer_id)
        order by connection_id, stripe_customer_id, match_number desc
    ) newest
    where customer_id = :customer_id
)
select payment.connection_id, payment_id, paid.invoice_id, paid.number as invoice_number, payment.amount_minor, refunded_minor,
       payment.currency, payment.status, failure_code, decline_code, advice_code, card_brand, card_last4,
       disputed.status as dispute_status, moved.fee_minor, moved.currency as fee_currency, payment.created_at
from payment
join own using (connection_id, stripe_customer_id)
left join lateral (
    select invoice_id, number
    from invoice_payment
    join invoice using (tenant_id, connection_id, invoice_id)
    where invoice_payment.tenant_id = :tenant_id and invoice_payment.connection_id = payment.connection_id
      and invoice_payment.payment_intent_id = payment.payment_intent_id
    order by invoice_payment.created_at desc, invoice_id
    limit 1
) paid on true
left join lateral (
    select status
    from dispute
    where dispute.tenant_id = :tenant_id and dispute.connection_id = payment.connection_id
      and dispute.payment_id = payment.payment_id
    order by created_at desc, dispute_id
    limit 1
) disputed on true
left join balance_transaction moved on moved.tenant_id = :tenant_id and moved.connection_id = payment.connection_id
                                   and moved.balance_transaction_id = payment.balance_transaction_id
where payment.tenant_id = :tenant_id
  and (cast(:before_at as timestamptz) is null
       or (payment.created_at, payment_id) < (cast(:before_at as timestamptz), cast(:before_id as text)))
order by payment.created_at desc, payment_id desc
limit cast(:count_max as bigint)
