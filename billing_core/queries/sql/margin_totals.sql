-- What a period's margin is made of, and how much of it is known, as one row: usage beside bookings.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as (
    select customer_id, calls, unpriced_calls, tokens, unpriced_tokens, cost_pico_usd, known_pico_usd
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, calls, unpriced_calls, tokens, unpriced_tokens, cost_pico_usd, known_pico_usd
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, calls, unpriced_calls,
           input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video,
           unpriced_tokens, cost_pico_usd, known_pico_usd
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
booked as (
    select customer_id, kind, currency, unconverted_minor, reporting_pico
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:all_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, kind, currency, unconverted_minor, reporting_pico
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:all_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
),
unmatched as (
    -- Stripe customers whom usage does not know: their newest match is a row of their own, found or given back by a person.
    select customer_id
    from (
        select distinct on (connection_id, stripe_customer_id) connection_id, stripe_customer_id, customer_id, how
        from stripe_customer_match
        where tenant_id = :tenant_id
        order by connection_id, stripe_customer_id, match_number desc
    ) newest
    where (how = 'own row' or exists (
              select from customer_alias own_row
              where own_row.tenant_id = :tenant_id and own_row.source = 'stripe:' || newest.connection_id
                and own_row.external_id = newest.stripe_customer_id and own_row.customer_id = newest.customer_id))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
),
usage_sum as (
    select coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(unpriced_calls), 0)::bigint as unpriced_calls,
           coalesce(sum(tokens), 0) as tokens, coalesce(sum(unpriced_tokens), 0) as unpriced_tokens,
           coalesce(sum(cost_pico_usd), 0) as cost_pico, coalesce(sum(known_pico_usd), 0) as known_pico,
           coalesce(sum(cost_pico_usd) filter (where customer_id = 0), 0) as unattributed_cost_pico,
           count(distinct customer_id) filter (where customer_id <> 0) as usage_customers
    from spent
),
booked_sum as (
    select coalesce(sum(reporting_pico) filter (where kind = any(cast(:gross_kinds as text[]))), 0) as gross_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'discount'), 0) as discounts_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'credit_note'), 0) as credit_notes_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'refund'), 0) as refunds_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'dispute'), 0) as disputes_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'payment_fee'), 0) as payment_fees_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'dispute_fee'), 0) as dispute_fees_pico,
           coalesce(sum(reporting_pico) filter (where kind = 'stripe_fee'), 0) as stripe_fees_pico,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:cash_kinds as text[]))), 0) as cash_pico,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:open_kinds as text[]))), 0) as open_disputes_pico,
           count(distinct customer_id) filter (where customer_id <> 0 and kind = any(cast(:gross_kinds as text[])))
               as paying_customers,
           coalesce(sum(reporting_pico) filter (where customer_id = 0 and kind = any(cast(:revenue_kinds as text[]))), 0)
               as unattributed_revenue_pico,
           coalesce(sum(reporting_pico) filter (where customer_id in (select customer_id from unmatched)
                                                      and kind = any(cast(:revenue_kinds as text[]))), 0)
               as unmatched_revenue_pico,
           count(*) as booked,
           count(*) filter (where unconverted_minor <> 0) as unconverted,
           coalesce(array_agg(distinct currency order by currency) filter (where unconverted_minor <> 0), array[]::text[])
               as unconverted_currencies
    from booked
)
select :has_revenue as has_revenue, calls, unpriced_calls, tokens, unpriced_tokens, cost_pico, known_pico,
       unattributed_cost_pico, usage_customers, gross_pico, discounts_pico, credit_notes_pico, refunds_pico, disputes_pico,
       payment_fees_pico, dispute_fees_pico, stripe_fees_pico, cash_pico, open_disputes_pico, paying_customers,
       unattributed_revenue_pico, (select count(*) from unmatched) as unmatched_customers, unmatched_revenue_pico,
       booked, unconverted, unconverted_currencies, 0::numeric as shared_pico, null::numeric as dearest_pico_per_token
from usage_sum, booked_sum
