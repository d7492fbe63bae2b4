-- Every document is booked in full: per customer, currency and kind, all days together are what the documents say.
with owner as (
    select distinct on (connection_id, stripe_customer_id) connection_id, stripe_customer_id, customer_id
    from stripe_customer_match
    where tenant_id = :tenant_id
    order by connection_id, stripe_customer_id, match_number desc
),
counted as (
    select connection_id, invoice_id, stripe_customer_id
    from invoice
    where tenant_id = :tenant_id and status in ('open', 'paid', 'uncollectible')
),
of_an_invoice as (
    select connection_id, payment_intent_id, payment_id
    from invoice_payment
    where tenant_id = :tenant_id
),
said as (
    select connection_id, stripe_customer_id, line.currency, 'lines and single payments' as what, amount_minor
    from invoice_line as line join counted using (connection_id, invoice_id)
    where line.tenant_id = :tenant_id
    union all
    select connection_id, stripe_customer_id, currency, 'lines and single payments', amount_minor
    from payment
    where tenant_id = :tenant_id and status = 'succeeded'
      and not exists (
          select from of_an_invoice
          where of_an_invoice.connection_id = payment.connection_id
            and of_an_invoice.payment_intent_id = payment.payment_intent_id
      )
      and not exists (
          select from of_an_invoice
          where of_an_invoice.connection_id = payment.connection_id
            and of_an_invoice.payment_id = payment.payment_id
      )
    union all
    select connection_id, stripe_customer_id, line.currency, 'discounts', -discount_minor
    from invoice_line as line join counted using (connection_id, invoice_id)
    where line.tenant_id = :tenant_id
    union all
    select connection_id, counted.stripe_customer_id, note.currency, 'credit notes', -excluding_tax_minor
    from credit_note as note join counted using (connection_id, invoice_id)
    where note.tenant_id = :tenant_id and note.status <> 'void'
    union all
    select connection_id, stripe_customer_id, currency, 'cash in', amount_minor
    from payment
    where tenant_id = :tenant_id and status = 'succeeded'
    union all
    select refund.connection_id, payment.stripe_customer_id, refund.currency, 'cash back', -refund.amount_minor
    from refund
    left join payment
        on payment.tenant_id = refund.tenant_id and payment.connection_id = refund.connection_id
        and payment.payment_id = refund.payment_id
    where refund.tenant_id = :tenant_id and refund.status not in ('failed', 'canceled')
),
documents as (
    select coalesce(owner.customer_id, 0) as customer_id, currency, what, sum(amount_minor) as amount_minor
    from said
    left join owner using (connection_id, stripe_customer_id)
    group by coalesce(owner.customer_id, 0), currency, what
),
booked as (
    select customer_id, currency, what, sum(amount_minor) as amount_minor
    from (
        select customer_id, currency, amount_minor,
               case when kind in ('subscription', 'usage', 'one_off') then 'lines and single payments'
                    when kind = 'discount' then 'discounts'
                    when kind = 'credit_note' then 'credit notes'
                    when kind = 'cash_payment' then 'cash in'
                    when kind = 'cash_refund' then 'cash back'
               end as what
        from booked_day
        where tenant_id = :tenant_id
    ) as named
    where what is not null
    group by customer_id, currency, what
)
select 'customer ' || customer_id || ', ' || currency || ', ' || what as what,
       coalesce(documents.amount_minor, 0)::text as expected,
       coalesce(booked.amount_minor, 0)::text as found,
       coalesce(documents.amount_minor, 0) <> coalesce(booked.amount_minor, 0) as is_broken
from documents
full join booked using (customer_id, currency, what)
