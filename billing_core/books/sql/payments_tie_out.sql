-- Every payment that succeeded moved the balance by its amount, converted at the rate that Stripe says; a converted
-- amount may be one minor unit off, for Stripe rounds it.
with digits as (
    select code as currency, exponent
    from unnest(cast(:codes as text[]), cast(:exponents as integer[])) as known (code, exponent)
),
tied as (
    select payment.payment_id, payment.amount_minor, payment.currency, moved.amount_minor as moved_minor,
           moved.currency as moved_currency,
           case when moved.currency = payment.currency then payment.amount_minor
                else round(payment.amount_minor * moved.exchange_rate
                           * 10::numeric ^ (coalesce(theirs.exponent, 2) - coalesce(ours.exponent, 2)))
           end as expected_minor
    from payment
    left join balance_transaction as moved
        on moved.tenant_id = payment.tenant_id and moved.connection_id = payment.connection_id
        and moved.balance_transaction_id = payment.balance_transaction_id
    left join digits as ours on ours.currency = payment.currency
    left join digits as theirs on theirs.currency = moved.currency
    where payment.tenant_id = :tenant_id and payment.status = 'succeeded'
)
select payment_id as what,
       coalesce(expected_minor, amount_minor) || ' ' || coalesce(moved_currency, currency) as expected,
       case when moved_minor is null then 'no balance transaction'
            else moved_minor || ' ' || moved_currency || ', residual ' || coalesce(moved_minor - expected_minor, moved_minor)
       end as found,
       moved_minor is null or expected_minor is null
           or abs(moved_minor - expected_minor) > case when moved_currency = currency then 0 else 1 end as is_broken
from tied
