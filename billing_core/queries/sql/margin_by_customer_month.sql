-- What every customer earned and cost in each month of a period, for the table of customers by months.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
moved as (
    select customer_id, month, calls, unpriced_calls, cost_pico_usd as cost, null::numeric as revenue, null::numeric as fees
    from usage_cost_month
    where tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_ids as bigint[]) is null or customer_id = any(cast(:customer_ids as bigint[])))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, date_trunc('month', month::timestamp)::date, null, null, null,
           case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end
    from booked_month
    where (cast(:customer_ids as bigint[]) is null or customer_id = any(cast(:customer_ids as bigint[])))
      and tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, date_trunc('month', day::timestamp)::date, null, null, null,
           case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end
    from booked_day
    where (cast(:customer_ids as bigint[]) is null or customer_id = any(cast(:customer_ids as bigint[])))
      and tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
)
select customer_id, month, coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(unpriced_calls), 0)::bigint as unpriced_calls,
       coalesce(sum(cost), 0) as cost_pico, coalesce(sum(revenue), 0) as revenue_pico, coalesce(sum(fees), 0) as fees_pico
from moved
group by customer_id, month
order by customer_id, month
