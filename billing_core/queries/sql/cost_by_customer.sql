-- What each customer cost in a period and in the one before it, dearest first; customer 0 is what names no customer.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as (
    select customer_id, calls, unpriced_calls, tokens, cost_pico_usd
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, calls, unpriced_calls, tokens, cost_pico_usd
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, calls, unpriced_calls,
           input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video,
           cost_pico_usd
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
),
spent_before as (
    select customer_id, cost_pico_usd
    from usage_cost_month
    where :grain_before = 'month' and tenant_id = :tenant_id and month >= :start_before and month < :end_before
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, cost_pico_usd
    from usage_cost_day
    where :grain_before = 'day' and tenant_id = :tenant_id and day >= :start_before and day < :end_before
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, cost_pico_usd
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain_before = 'fine' and tenant_id = :tenant_id and day >= :start_before and day < :end_before
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
),
now_sum as (
    select customer_id, sum(calls)::bigint as calls, sum(unpriced_calls)::bigint as unpriced_calls,
           sum(tokens) as tokens, sum(cost_pico_usd) as cost_pico_usd
    from spent group by customer_id
),
before_sum as (
    select customer_id, sum(cost_pico_usd) as cost_pico_usd from spent_before group by customer_id
)
select compared.customer_id, coalesce(customer.name, '') as name,
       calls, unpriced_calls, tokens, cost_pico_usd, before_pico_usd
from (
    select customer_id,
           coalesce(now_sum.calls, 0) as calls,
           coalesce(now_sum.unpriced_calls, 0) as unpriced_calls,
           coalesce(now_sum.tokens, 0) as tokens,
           coalesce(now_sum.cost_pico_usd, 0) as cost_pico_usd,
           coalesce(before_sum.cost_pico_usd, 0) as before_pico_usd
    from now_sum
    full join before_sum using (customer_id)
) compared
left join customer on customer.tenant_id = :tenant_id and customer.customer_id = compared.customer_id
order by cost_pico_usd desc, calls desc, compared.customer_id
