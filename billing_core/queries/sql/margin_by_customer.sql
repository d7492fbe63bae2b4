-- What each customer earns and costs in a period and in the one before it, least margin first; customer 0 is
-- what names no customer. One row per customer of every rollup row, booking and name, summed once.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
moved as (
    select customer_id, calls, unpriced_calls, tokens, cost_pico_usd as cost, null::numeric as revenue, null::numeric as fees, null::numeric as cost_before, null::numeric as revenue_before, null::numeric as fees_before
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, calls, unpriced_calls, tokens, cost_pico_usd as cost, null::numeric as revenue, null::numeric as fees, null::numeric as cost_before, null::numeric as revenue_before, null::numeric as fees_before
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, calls, unpriced_calls,
           input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video,
           cost_pico_usd, null, null, null, null, null
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
    union all
    select customer_id, null, null, null, null, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end, null, null, null
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, null, null, null, null, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end, null, null, null
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, null, null, null, null, null, null, cost_pico_usd, null, null
    from usage_cost_month
    where :grain_before = 'month' and tenant_id = :tenant_id and month >= :start_before and month < :end_before
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, null, null, null, null, null, null, cost_pico_usd, null, null
    from usage_cost_day
    where :grain_before = 'day' and tenant_id = :tenant_id and day >= :start_before and day < :end_before
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, null, null, null, null, null, null, cost_pico_usd, null, null
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain_before = 'fine' and tenant_id = :tenant_id and day >= :start_before and day < :end_before
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
    union all
    select customer_id, null, null, null, null, null, null, null, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on_before and month < :booked_days_on_before
      and cast(:booked_start_on_before as date) < cast(:booked_days_on_before as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, null, null, null, null, null, null, null, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on_before and day < :booked_end_on_before
      and cast(:booked_days_on_before as date) < cast(:booked_end_on_before as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, null, null, null, null, null, null, null, null, null
    from unnest(cast(:also_customer_ids as bigint[])) as also(customer_id)
    where true
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
),
named as materialized (
    -- Materialized, because nothing tells the planner how many customers have moved: it would look each one up.
    select customer.customer_id, customer.name, standing.segment, standing.is_in_stripe, plan_name.name as plan_name
    from customer
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = customer.customer_id
    left join (
        select plan_id, coalesce(price.name, product.name || coalesce(' (' || recurring_interval || ')', ''), plan.price_id) as name
        from plan
        left join stripe_price price on price.tenant_id = :tenant_id and price.connection_id = plan.connection_id
                                    and price.price_id = plan.price_id
        left join stripe_product product on product.tenant_id = :tenant_id and product.connection_id = plan.connection_id
                                        and product.stripe_product_id = price.stripe_product_id
        where plan.tenant_id = :tenant_id
    ) plan_name on plan_name.plan_id = standing.plan_id
    where customer.tenant_id = :tenant_id
      and (cast(:customer_id as bigint) is null or customer.customer_id = cast(:customer_id as bigint))
),
summed as (
    select customer_id, coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(unpriced_calls), 0)::bigint as unpriced_calls,
           coalesce(sum(tokens), 0)::bigint as tokens, coalesce(sum(cost), 0) as cost,
           case when :has_revenue then coalesce(sum(revenue), 0) end as revenue,
           case when :has_revenue then coalesce(sum(fees), 0) end as fees,
           case when :grain_before <> 'none' then coalesce(sum(cost_before), 0) end as cost_before,
           case when :has_revenue and :grain_before <> 'none' then coalesce(sum(revenue_before), 0) end as revenue_before,
           case when :has_revenue and :grain_before <> 'none' then coalesce(sum(fees_before), 0) end as fees_before
    from moved
    group by customer_id
)
select summed.customer_id, coalesce(named.name, '') as name, coalesce(named.segment, '') as segment,
       coalesce(named.plan_name, '') as plan_name, coalesce(named.is_in_stripe, false) as is_in_stripe,
       calls, unpriced_calls, tokens, cost as cost_pico, revenue as revenue_pico, fees as fees_pico,
       case when :has_revenue then 0::numeric end as shared_pico,
       cost_before as cost_before_pico, revenue_before as revenue_before_pico, fees_before as fees_before_pico,
       case when :has_revenue and :grain_before <> 'none' then 0::numeric end as shared_before_pico
from summed
left join named using (customer_id)
order by coalesce(revenue, 0) - cost - coalesce(fees, 0), calls desc, summed.customer_id
