-- What all usage of a period costs, how much of it is priced, and how much of it belongs to a customer.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as (
    select customer_id, calls, unpriced_calls, tokens, cost_pico_usd, list_pico_usd, known_pico_usd
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, calls, unpriced_calls, tokens, cost_pico_usd, list_pico_usd, known_pico_usd
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, calls, unpriced_calls,
           input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video,
           cost_pico_usd, list_pico_usd, known_pico_usd
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
)
select coalesce(sum(calls), 0)::bigint as calls,
       coalesce(sum(unpriced_calls), 0)::bigint as unpriced_calls,
       coalesce(sum(tokens), 0) as tokens,
       coalesce(sum(cost_pico_usd), 0) as cost_pico_usd,
       coalesce(sum(list_pico_usd), 0) as list_pico_usd,
       coalesce(sum(known_pico_usd), 0) as known_pico_usd,
       coalesce(sum(cost_pico_usd) filter (where customer_id = 0), 0) as unattributed_pico_usd,
       coalesce(sum(calls) filter (where customer_id = 0), 0)::bigint as unattributed_calls,
       count(distinct customer_id) filter (where customer_id <> 0) as customers
from spent
