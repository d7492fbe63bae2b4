-- The events behind a number, newest first, a page at a time before (before_at, before_event_id).
-- For all customers the hourly rollup says how far back to look: each of its rows stands for at least one event, so
-- the youngest count_max rows that the filter lets through span enough hours for a page, and no more are read.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
opening as (
    select case
               when not :all_customers then cast(:start_on as date)::timestamp at time zone 'UTC'
               else coalesce(min(hour), date_trunc('hour', cast(:before_at as timestamptz), 'UTC'))
           end as opens_at
    from (
        select hour
        from usage_hour
        join usage_dimension using (tenant_id, dimension_id)
        where :all_customers and tenant_id = :tenant_id
          and hour < date_trunc('hour', cast(:before_at as timestamptz), 'UTC')
          and hour >= cast(:start_on as date)::timestamp at time zone 'UTC'
          and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
          and (cast(:provider as text) is null or provider = cast(:provider as text))
          and (cast(:model as text) is null or model = cast(:model as text))
          and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
          and (not cast(:unpriced_only as boolean) or unpriced_calls > 0)
        order by hour desc
        limit cast(:count_max as bigint)
    ) newest
)
select usage_event.event_id, usage_event.occurred_at, usage_event.recorded_at, usage_event.customer_id,
       coalesce(customer.name, '') as customer_name, coalesce(product.name, '') as product_name,
       coalesce(usage_dimension.feature, '') as feature, usage_dimension.provider, usage_dimension.model, usage_event.calls,
       coalesce(input, 0) + coalesce(input_audio, 0) + coalesce(input_image, 0) + coalesce(input_video, 0)
           + coalesce(cache_read, 0) + coalesce(cache_read_audio, 0) + coalesce(cache_read_image, 0)
           + coalesce(cache_write, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0)
           + coalesce(output, 0) + coalesce(output_audio, 0) + coalesce(output_image, 0) + coalesce(output_video, 0) as tokens,
       usage_event.cost_pico_usd, usage_event.unpriced_reason
from usage_event
join usage_dimension on usage_dimension.tenant_id = :tenant_id and usage_dimension.dimension_id = usage_event.dimension_id
left join product on product.tenant_id = :tenant_id and product.product_id = usage_dimension.product_id
left join customer on customer.tenant_id = :tenant_id and customer.customer_id = usage_event.customer_id
where usage_event.tenant_id = :tenant_id
  and usage_event.occurred_at >= (select opens_at from opening)
  and usage_event.occurred_at >= cast(:start_on as date)::timestamp at time zone 'UTC'
  and usage_event.occurred_at <= cast(:before_at as timestamptz)
  and (usage_event.occurred_at, usage_event.event_id) < (cast(:before_at as timestamptz), cast(:before_event_id as bigint))
  and (cast(:customer_id as bigint) is null or usage_event.customer_id = cast(:customer_id as bigint))
  and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or usage_event.customer_id in (select customer_id from narrowed))
  and (not cast(:unpriced_only as boolean) or usage_event.cost_pico_usd is null)
  and (cast(:product_id as bigint) is null or coalesce(usage_dimension.product_id, 0) = cast(:product_id as bigint))
  and (cast(:provider as text) is null or usage_dimension.provider = cast(:provider as text))
  and (cast(:model as text) is null or usage_dimension.model = cast(:model as text))
  and (cast(:feature as text) is null or coalesce(usage_dimension.feature, '') = cast(:feature as text))
order by usage_event.occurred_at desc, usage_event.event_id desc
limit cast(:count_max as bigint)
