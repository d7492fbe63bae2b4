-- Each month's recognised revenue and cash, and what the plans that hold at its end, or now, are worth a month, by currency.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
booked as (
    select date_trunc('month', month::timestamp)::date as month, kind, reporting_pico
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:cash_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select date_trunc('month', day::timestamp)::date as month, kind, reporting_pico
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]) || cast(:cash_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
),
booked_sum as (
    select month,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:revenue_kinds as text[]))), 0) as accrual,
           coalesce(sum(reporting_pico) filter (where kind = any(cast(:cash_kinds as text[]))), 0) as cash
    from booked
    group by month
),
each as (
    select month::date as month,
           least(month + interval '1 month', cast(:now as timestamptz) at time zone 'UTC') at time zone 'UTC' as ends_at
    from generate_series(cast(:start_on as timestamp), cast(:until_on as timestamp) - interval '1 day', interval '1 month') as month
),
recurring as (
    select each.month, plan_span.currency, coalesce(sum(mrr_minor * rate), 0) as mrr_minor_at_rates,
           count(*) filter (where rate is null and mrr_minor <> 0) as unconverted_plans
    from each
    join plan_span on plan_span.tenant_id = :tenant_id and starts_at < each.ends_at and plan_span.ends_at >= each.ends_at
    where true
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    group by each.month, plan_span.currency
)
select each.month, coalesce(accrual, 0) as accrual_pico, coalesce(cash, 0) as cash_pico,
       recurring.currency, coalesce(mrr_minor_at_rates, 0) as mrr_minor_at_rates,
       coalesce(unconverted_plans, 0) as unconverted_plans
from each
left join booked_sum on booked_sum.month = each.month
left join recurring on recurring.month = each.month
order by each.month, recurring.currency
