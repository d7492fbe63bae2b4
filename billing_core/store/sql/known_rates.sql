-- One rate per currency and day: a person's before Stripe's, else the first by its source.
select distinct on (currency, rate_on) currency, rate_on, rate, source
from fx_rate
where tenant_id = :tenant_id
order by currency, rate_on, source like 'stripe %', source
