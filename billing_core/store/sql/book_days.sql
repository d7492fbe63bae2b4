-- The staged bookings summed to days. Exact: nothing is rounded; zeros behind the last digit are not kept.
insert into booked_day (
    tenant_id, customer_id, day, product_id, plan_id, kind, currency, amount_minor, unconverted_minor, reporting_pico
)
select
    :tenant_id, customer_id, day, product_id, plan_id, kind, currency,
    sum(amount_minor),
    coalesce(sum(amount_minor) filter (where pico_per_minor is null), 0),
    trim_scale(coalesce(sum(amount_minor * pico_per_minor), 0))
from booking_stage
group by customer_id, day, product_id, plan_id, kind, currency
order by customer_id, day, product_id, plan_id, kind, currency
