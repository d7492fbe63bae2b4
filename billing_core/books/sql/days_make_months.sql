-- The booked days of a month are the booked month, customer by customer and kind by kind.
with days as (
    select date_trunc('month', day)::date as month, customer_id, product_id, plan_id, kind, currency,
           sum(amount_minor) as amount_minor, sum(unconverted_minor) as unconverted_minor,
           sum(reporting_pico) as reporting_pico
    from booked_day
    where tenant_id = :tenant_id
    group by date_trunc('month', day)::date, customer_id, product_id, plan_id, kind, currency
),
months as (
    select month, customer_id, product_id, plan_id, kind, currency, amount_minor, unconverted_minor, reporting_pico
    from booked_month
    where tenant_id = :tenant_id
)
select to_char(month, 'YYYY-MM') || ', customer ' || customer_id || ', ' || kind || ', ' || currency as what,
       coalesce(days.amount_minor || ' / ' || trim_scale(days.reporting_pico) || ' pico', 'nothing') as expected,
       coalesce(months.amount_minor || ' / ' || trim_scale(months.reporting_pico) || ' pico', 'nothing') as found,
       (days.amount_minor, days.unconverted_minor, days.reporting_pico)
           is distinct from (months.amount_minor, months.unconverted_minor, months.reporting_pico) as is_broken
from days
full join months using (month, customer_id, product_id, plan_id, kind, currency)
