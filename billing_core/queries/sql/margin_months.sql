-- Revenue and costs of each month that a period touches and that has begun, also of months without a row.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as (
    select month, calls, unpriced_calls, tokens, unpriced_tokens, cost_pico_usd, known_pico_usd
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    -- All customers together are read by the hour, some of them by the day: each the smaller of the two fine rollups.
    select date_trunc('month', hour at time zone 'UTC')::date, calls, unpriced_calls,
           input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video,
           unpriced_tokens, cost_pico_usd, known_pico_usd
    from usage_hour
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and :all_customers and tenant_id = :tenant_id
      and hour >= cast(:start_on as date)::timestamp at time zone 'UTC'
      and hour < cast(:end_on as date)::timestamp at time zone 'UTC'
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
    union all
    select date_trunc('month', day::timestamp)::date, calls, unpriced_calls,
           input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video,
           unpriced_tokens, cost_pico_usd, known_pico_usd
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and not :all_customers and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
),
booked as (
    select date_trunc('month', month::timestamp)::date as month, kind, reporting_pico
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:all_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select date_trunc('month', day::timestamp)::date as month, kind, reporting_pico
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:all_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
),
usage_sum as (
    select month, sum(calls)::bigint as calls, sum(unpriced_calls)::bigint as unpriced_calls, sum(tokens) as tokens,
           sum(unpriced_tokens) as unpriced_tokens, sum(cost_pico_usd) as cost, sum(known_pico_usd) as known
    from spent
    group by month
),
booked_sum as (
    select month,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:revenue_kinds as text[]))), 0) as revenue,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:fee_kinds as text[]))), 0) as fees,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:cash_kinds as text[]))), 0) as cash,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:open_kinds as text[]))), 0) as open_disputes
    from booked
    group by month
)
select each.month, coalesce(calls, 0) as calls, coalesce(unpriced_calls, 0) as unpriced_calls,
       coalesce(tokens, 0) as tokens, coalesce(unpriced_tokens, 0) as unpriced_tokens,
       coalesce(cost, 0) as cost_pico, coalesce(known, 0) as known_pico,
       case when :has_revenue then coalesce(revenue, 0) end as revenue_pico,
       case when :has_revenue then coalesce(fees, 0) end as fees_pico,
       case when :has_revenue then coalesce(open_disputes, 0) end as open_disputes_pico,
       case when :has_revenue then 0::numeric end as shared_pico,
       case when :has_revenue then coalesce(cash, 0) end as cash_pico,
       null::numeric as mrr_pico, null::numeric as dearest_pico_per_token
from (
    select month::date as month
    from generate_series(cast(:start_on as timestamp), cast(:until_on as timestamp) - interval '1 day', interval '1 month') as month
) each
left join usage_sum on usage_sum.month = each.month
left join booked_sum on booked_sum.month = each.month
order by each.month
