-- The booked days of these customers summed to months.
insert into booked_month (
    tenant_id, month, customer_id, product_id, plan_id, kind, currency, amount_minor, unconverted_minor, reporting_pico
)
select
    :tenant_id, date_trunc('month', day)::date as month, customer_id, product_id, plan_id, kind, currency,
    sum(amount_minor), sum(unconverted_minor), trim_scale(sum(reporting_pico))
from booked_day
where tenant_id = :tenant_id and customer_id = any(cast(:customer_ids as bigint[]))
group by date_trunc('month', day)::date, customer_id, product_id, plan_id, kind, currency
order by month, customer_id, product_id, plan_id, kind, currency
