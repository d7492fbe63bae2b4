-- A period's margin by product, by plan and by segment; what names none, or cannot be assigned, has the name ''.
-- Revenue has the plan that its invoice line names. Cost and fees have the customer's plan of their product on their day,
-- else its newest plan of any product on that day. Who has one and the same plan all the time is summed without looking at days.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
coarse as (
    select customer_id, product_id, null::date as day, sum(calls) as calls, sum(unpriced_calls) as unpriced_calls, sum(cost_pico_usd) as cost,
           null::numeric as fees
    from (
    select customer_id, product_id, calls, unpriced_calls, cost_pico_usd
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, product_id, calls, unpriced_calls, cost_pico_usd
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, coalesce(product_id, 0), calls, unpriced_calls, cost_pico_usd
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
    ) spent
    group by customer_id, product_id
),
booked as (
    select customer_id, product_id, plan_id, month as day, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end as revenue,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end as fees
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, product_id, plan_id, day as day, case when kind = any(cast(:revenue_kinds as text[])) then reporting_pico end as revenue,
           case when kind = any(cast(:fee_kinds as text[])) then reporting_pico end as fees
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:fee_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
),
held as (
    -- The spans of the period as whole days: a plan that holds at any instant of a day holds on that day.
    select customer_id, product_id, plan_id, starts_at,
           daterange((starts_at at time zone 'UTC')::date,
                     ((ends_at - interval '1 microsecond') at time zone 'UTC')::date, '[]') as days
    from plan_span
    where tenant_id = :tenant_id and starts_at < ends_at
      and starts_at < cast(:until_on as date)::timestamp at time zone 'UTC'
      and ends_at > cast(:start_on as date)::timestamp at time zone 'UTC'
),
steady as (
    -- Per product, and with product -1 for all of a customer's: the plan, null where it changes or is not always there.
    select customer_id, case when grouping(product_id) = 0 then product_id else -1 end as product_id,
           case when count(distinct plan_id) = 1
                     and range_agg(days) @> daterange(cast(:start_on as date), cast(:until_on as date))
                then min(plan_id) end as plan_id
    from held
    group by grouping sets ((customer_id, product_id), (customer_id))
),
placed as (
    select pair.customer_id, pair.product_id,
           case when of_product.customer_id is not null then of_product.plan_id
                when of_all.customer_id is not null then of_all.plan_id
                else 0 end as plan_id
    from (select customer_id, product_id from coarse union select customer_id, product_id from booked) pair
    left join steady of_product on of_product.customer_id = pair.customer_id and of_product.product_id = pair.product_id
    left join steady of_all on of_all.customer_id = pair.customer_id and of_all.product_id = -1
),
daily as (
    -- Only of customers whose plan changes in the period.
    select customer_id, product_id, day, calls, unpriced_calls, cost_pico_usd as cost, null::numeric as fees
    from usage_cost_day
    where :grain <> 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (customer_id, product_id) in (select customer_id, product_id from placed where plan_id is null)
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, coalesce(product_id, 0), day, calls, unpriced_calls, cost_pico_usd, null
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (usage_day.customer_id, coalesce(product_id, 0)) in (select customer_id, product_id from placed where plan_id is null)
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
    union all
    select customer_id, product_id, day, null, null, null, reporting_pico
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_start_on and day < :booked_end_on
      and kind = any(cast(:fee_kinds as text[]))
      and (customer_id, product_id) in (select customer_id, product_id from placed where plan_id is null)
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
),
planned as (
    select placed.plan_id, coarse.customer_id, calls, unpriced_calls, cost, null::numeric as revenue, fees
    from coarse
    join placed using (customer_id, product_id)
    where placed.plan_id is not null
    union all
    select placed.plan_id, booked.customer_id, null, null, null, null, fees
    from booked
    join placed using (customer_id, product_id)
    where placed.plan_id is not null and fees is not null
    union all
    select coalesce(on_day.plan_id, 0), daily.customer_id, calls, unpriced_calls, cost, null, fees
    from daily
    left join lateral (
        select plan_span.plan_id
        from plan_span
        where plan_span.tenant_id = :tenant_id and plan_span.customer_id = daily.customer_id and starts_at < ends_at
          and starts_at < (daily.day + 1)::timestamp at time zone 'UTC'
          and ends_at > daily.day::timestamp at time zone 'UTC'
        order by plan_span.product_id = daily.product_id desc, starts_at desc, plan_span.plan_id
        limit 1
    ) on_day on true
    union all
    select plan_id, customer_id, null, null, null, revenue, null from booked where revenue is not null
),
moved as (
    select 'product' as cut, product_id as id, null::text as segment, customer_id, calls, unpriced_calls, cost,
           null::numeric as revenue, fees
    from coarse
    union all
    select 'product', product_id, null, customer_id, null, null, null, revenue, fees from booked
    union all
    select 'plan', plan_id, null, customer_id, calls, unpriced_calls, cost, revenue, fees from planned
    union all
    select 'segment', null, coalesce(segment, ''), both_sides.customer_id, calls, unpriced_calls, cost, revenue, fees
    from (
        select customer_id, calls, unpriced_calls, cost, null::numeric as revenue, fees from coarse
        union all
        select customer_id, null, null, null, revenue, fees from booked
    ) both_sides
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = both_sides.customer_id
),
summed as (
    select cut, id, segment, count(distinct customer_id) filter (where customer_id <> 0) as customers,
           coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(unpriced_calls), 0)::bigint as unpriced_calls,
           coalesce(sum(cost), 0) as cost, coalesce(sum(revenue), 0) as revenue, coalesce(sum(fees), 0) as fees
    from moved
    group by cut, id, segment
)
select cut, id,
       case cut when 'product' then coalesce(product.name, '')
                when 'plan' then coalesce(price.name, stripe_product.name || coalesce(' (' || price.recurring_interval || ')', ''),
                                          plan.price_id, '')
                else summed.segment end as name,
       '' as provider, customers, calls, unpriced_calls, cost as cost_pico,
       case when :has_revenue then revenue end as revenue_pico,
       case when :has_revenue then fees end as fees_pico,
       case when :has_revenue then 0::numeric end as shared_pico
from summed
left join product on cut = 'product' and product.tenant_id = :tenant_id and product.product_id = summed.id
left join plan on cut = 'plan' and plan.tenant_id = :tenant_id and plan.plan_id = summed.id
left join stripe_price price on price.tenant_id = :tenant_id and price.connection_id = plan.connection_id
                            and price.price_id = plan.price_id
left join stripe_product on stripe_product.tenant_id = :tenant_id and stripe_product.connection_id = plan.connection_id
                        and stripe_product.stripe_product_id = price.stripe_product_id
order by cut, revenue - cost - fees, name, id
