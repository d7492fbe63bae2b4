-- By what shared costs are split: each customer's LLM cost and revenue in each month, null where there is neither, and
-- whether the customer is asked about; customer 0, to whom falls what cannot be split, is always among them.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
moved as (
    select month, customer_id, cost_pico_usd as usage, null::numeric as revenue
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
    union all
    select date_trunc('month', day::timestamp)::date, customer_id, cost_pico_usd, null
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
    union all
    select month, customer_id, null, reporting_pico
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]))
    union all
    select date_trunc('month', day::timestamp)::date, customer_id, null, reporting_pico
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]))
    union all
    select date_trunc('month', cast(:start_on as timestamp))::date, 0, null, null
)
select month, customer_id, sum(usage) as usage_pico, sum(revenue) as revenue_pico,
       (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
           and customer_id in (select customer_id from narrowed) as is_asked
from moved
group by month, customer_id
order by month, customer_id
