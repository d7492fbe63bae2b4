-- A period's cost by model, by feature, by product, by model and feature, and by day and model: one pass, five sums.
-- A step is a day, a week or a month, named by its first day. All customers together are read by the hour, some of them by the day: each the smaller of the two fine rollups.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as materialized (
    select date_trunc(:step, hour at time zone 'UTC')::date as day, dimension_id,
           sum(calls) as calls, sum(unpriced_calls) as unpriced_calls, sum(cost_pico_usd) as cost_pico_usd
    from usage_hour
    where :all_customers and tenant_id = :tenant_id
      and hour >= cast(:start_on as date)::timestamp at time zone 'UTC'
      and hour < cast(:end_on as date)::timestamp at time zone 'UTC'
    group by 1, 2
    union all
    select date_trunc(:step, day::timestamp)::date, dimension_id, sum(calls), sum(unpriced_calls), sum(cost_pico_usd)
    from usage_day
    where not :all_customers and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
    group by 1, 2
)
select case
           when grouping(day) = 0 then 'day and model'
           when grouping(provider) = 0 and grouping(feature) = 0 then 'model and feature'
           when grouping(provider) = 0 then 'model'
           when grouping(feature) = 0 then 'feature'
           else 'product'
       end as cut,
       day, provider, model, feature, product_id,
       min(product_name) filter (where product_id is not null) as product_name,
       sum(calls)::bigint as calls, sum(unpriced_calls)::bigint as unpriced_calls, sum(cost_pico_usd) as cost_pico_usd
from (
    select day, provider, model, coalesce(feature, '') as feature, coalesce(usage_dimension.product_id, 0) as product_id,
           coalesce(product.name, '') as product_name, calls, unpriced_calls, cost_pico_usd
    from spent
    join usage_dimension on usage_dimension.tenant_id = :tenant_id and usage_dimension.dimension_id = spent.dimension_id
    left join product on product.tenant_id = :tenant_id and product.product_id = usage_dimension.product_id
    where (cast(:product_id as bigint) is null or coalesce(usage_dimension.product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
) named
group by grouping sets ((day, provider, model), (provider, model), (feature), (provider, model, feature), (product_id))
order by cut, day, cost_pico_usd desc, calls desc, provider, model, feature, product_id
