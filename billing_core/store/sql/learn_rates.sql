-- What Stripe converted at, as rates of the day: from balance transactions that settled into the reporting currency.
insert into fx_rate (tenant_id, currency, rate_on, source, rate, recorded_at)
select :tenant_id, source.currency, learned.rate_on, learned.source, learned.exchange_rate, :now
from (
    select source_id, exchange_rate, (created_at at time zone 'UTC')::date as rate_on,
           'stripe ' || balance_transaction_id as source
    from balance_transaction
    where tenant_id = :tenant_id and connection_id = :connection_id and currency = :reporting_currency
      and exchange_rate > 0
) as learned
join (
    select payment_id as source_id, currency from payment
    where tenant_id = :tenant_id and connection_id = :connection_id
    union all
    select refund_id, currency from refund where tenant_id = :tenant_id and connection_id = :connection_id
    union all
    select dispute_id, currency from dispute where tenant_id = :tenant_id and connection_id = :connection_id
) as source using (source_id)
where source.currency <> :reporting_currency and source.currency ~ '^[a-z]{3}$' and not exists (
    select from fx_rate
    where fx_rate.tenant_id = :tenant_id and fx_rate.currency = source.currency
      and fx_rate.rate_on = learned.rate_on and fx_rate.source = learned.source
)
