-- A period's margin by model and by feature. Cost has both; revenue and fees of a customer are split over what they were
-- spent on: over the customer's models and features in that product where it has cost there, else over all of its cost.
-- Each part is a difference of running shares, whole pico but for the last, so that the parts add up to the whole exactly.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as (
    select customer_id, coalesce(product_id, 0) as product_id, provider, model, coalesce(feature, '') as feature,
           sum(calls) as calls, sum(unpriced_calls) as unpriced_calls, sum(cost) as cost
    from (
        select customer_id, dimension_id, sum(calls) as calls, sum(unpriced_calls) as unpriced_calls, sum(cost_pico_usd) as cost
        from usage_day
        where tenant_id = :tenant_id and day >= :start_on and day < :end_on
          and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
          and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
        group by customer_id, dimension_id
    ) by_dimension
    join usage_dimension on usage_dimension.tenant_id = :tenant_id and usage_dimension.dimension_id = by_dimension.dimension_id
    where true
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
    group by 1, 2, 3, 4, 5
),
booked as (
    select customer_id, product_id, coalesce(sum(revenue), 0) as revenue, coalesce(sum(fees), 0) as fees
    from (
    select customer_id, product_id, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end as revenue,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end as fees
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, product_id, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end as revenue,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end as fees
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    ) each
    group by customer_id, product_id
),
costed as (
    select customer_id, case when grouping(product_id) = 0 then product_id else -1 end as product_id, sum(cost) as cost
    from spent
    where customer_id <> 0
    group by grouping sets ((customer_id, product_id), (customer_id))
    having sum(cost) > 0
),
spread as (
    -- Over which product's cost a booking is split: its own, -1 for all of the customer's, null for none.
    select booked.customer_id, booked.product_id, revenue, fees, over_own.cost as own_cost, over_all.cost as all_cost
    from booked
    left join costed over_own on over_own.customer_id = booked.customer_id and over_own.product_id = booked.product_id
                             and booked.product_id <> 0
    left join costed over_all on over_all.customer_id = booked.customer_id and over_all.product_id = -1
),
running as (
    select spread.customer_id, spread.product_id, provider, model, feature, revenue, fees, coalesce(own_cost, all_cost) as whole,
           sum(spent.cost) over running_share as upto, spent.cost
    from spread
    join spent on spent.customer_id = spread.customer_id and spent.cost > 0
              and (spread.own_cost is null or spent.product_id = spread.product_id)
    where all_cost is not null
    window running_share as (partition by spread.customer_id, spread.product_id
                             order by spent.product_id, provider, model, feature rows unbounded preceding)
),
moved as (
    select customer_id, provider, model, feature, calls, unpriced_calls, cost, null::numeric as revenue, null::numeric as fees
    from spent
    union all
    select customer_id, provider, model, feature, null, null, null,
           case when upto = whole then revenue else div(revenue * upto, whole) end - div(revenue * (upto - cost), whole),
           case when upto = whole then fees else div(fees * upto, whole) end - div(fees * (upto - cost), whole)
    from running
    union all
    select customer_id, null, null, null, null, null, null, revenue, fees from spread where all_cost is null
)
select case when grouping(model) = 0 then 'model' else 'feature' end as cut, null::bigint as id,
       coalesce(case when grouping(model) = 0 then model else feature end, '') as name, coalesce(provider, '') as provider,
       count(distinct customer_id) filter (where customer_id <> 0) as customers,
       coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(unpriced_calls), 0)::bigint as unpriced_calls,
       coalesce(sum(cost), 0) as cost_pico,
       case when :has_revenue then coalesce(sum(revenue), 0) end as revenue_pico,
       case when :has_revenue then coalesce(sum(fees), 0) end as fees_pico,
       case when :has_revenue then 0::numeric end as shared_pico
from (select customer_id, provider, model, coalesce(feature, '') as feature, calls, unpriced_calls, cost, revenue, fees from moved) each
group by grouping sets ((provider, model), (feature))
order by cut, coalesce(sum(revenue), 0) - coalesce(sum(cost), 0) - coalesce(sum(fees), 0), name, provider
