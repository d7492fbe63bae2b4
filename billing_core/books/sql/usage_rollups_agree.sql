-- The sums of usage by month, by day, by model and by hour say the same: three of them per customer, the last for all.
with by_month as (
    select month, customer_id, sum(cost_pico_usd) as cost, sum(calls) as calls, sum(unpriced_calls) as unpriced
    from usage_cost_month where tenant_id = :tenant_id group by month, customer_id
),
by_day as (
    select date_trunc('month', day)::date as month, customer_id,
           sum(cost_pico_usd) as cost, sum(calls) as calls, sum(unpriced_calls) as unpriced
    from usage_cost_day where tenant_id = :tenant_id group by date_trunc('month', day)::date, customer_id
),
by_model as (
    select date_trunc('month', day)::date as month, customer_id,
           sum(cost_pico_usd) as cost, sum(calls) as calls, sum(unpriced_calls) as unpriced
    from usage_day where tenant_id = :tenant_id group by date_trunc('month', day)::date, customer_id
),
by_hour as (
    select date_trunc('month', hour, 'UTC')::date as month,
           sum(cost_pico_usd) as cost, sum(calls) as calls, sum(unpriced_calls) as unpriced
    from usage_hour where tenant_id = :tenant_id group by date_trunc('month', hour, 'UTC')::date
),
all_customers as (
    select month, sum(cost) as cost, sum(calls) as calls, sum(unpriced) as unpriced from by_month group by month
),
compared as (
    select to_char(month, 'YYYY-MM') || ', customer ' || customer_id || ': months and days' as what,
           (by_month.cost, by_month.calls, by_month.unpriced)::text as expected,
           (by_day.cost, by_day.calls, by_day.unpriced)::text as found
    from by_month full join by_day using (month, customer_id)
    union all
    select to_char(month, 'YYYY-MM') || ', customer ' || customer_id || ': months and models',
           (by_month.cost, by_month.calls, by_month.unpriced)::text,
           (by_model.cost, by_model.calls, by_model.unpriced)::text
    from by_month full join by_model using (month, customer_id)
    union all
    select to_char(month, 'YYYY-MM') || ', all: months and hours',
           (all_customers.cost, all_customers.calls, all_customers.unpriced)::text,
           (by_hour.cost, by_hour.calls, by_hour.unpriced)::text
    from all_customers full join by_hour using (month)
)
select what, expected, found, expected <> found as is_broken from compared
