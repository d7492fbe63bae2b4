-- Customers whom only Stripe knows, and customers whom only usage knows, with their money in a period, most of it first.
with narrowed as not materialized (
    -- The customers of a segment or a plan; 0 is what names no customer.
    select everybody.customer_id
    from (select customer_id from customer where tenant_id = :tenant_id union all select 0) everybody
    left join customer_standing standing on standing.tenant_id = :tenant_id and standing.customer_id = everybody.customer_id
    where (cast(:segment as text) is null or coalesce(standing.segment, '') = cast(:segment as text))
      and (cast(:plan_id as bigint) is null or coalesce(standing.plan_id, 0) = cast(:plan_id as bigint))
),
spent as (
    select customer_id, calls, cost_pico_usd
    from usage_cost_month
    where :grain = 'month' and tenant_id = :tenant_id and month >= :start_on and month < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, calls, cost_pico_usd
    from usage_cost_day
    where :grain = 'day' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select usage_day.customer_id, calls, cost_pico_usd
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
    select customer_id, reporting_pico
    from booked_month
    where tenant_id = :tenant_id and month >= :booked_start_on and month < :booked_days_on
      and cast(:booked_start_on as date) < cast(:booked_days_on as date)
      and kind = any(cast(:revenue_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, reporting_pico
    from booked_day
    where tenant_id = :tenant_id and day >= :booked_days_on and day < :booked_end_on
      and cast(:booked_days_on as date) < cast(:booked_end_on as date)
      and kind = any(cast(:revenue_kinds as text[]))
      and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or customer_id in (select customer_id from narrowed))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
),
money as (
    select customer_id, sum(calls)::bigint as calls, sum(cost) as cost, sum(revenue) as revenue
    from (
        select customer_id, calls, cost_pico_usd as cost, null::numeric as revenue from spent
        union all
        select customer_id, null, null, reporting_pico from booked
    ) both_sides
    group by customer_id
),
in_stripe as (
    select stripe_customer.connection_id, stripe_customer.stripe_customer_id, stripe_customer.name, email, own_id,
           newest.customer_id, newest.how
    from stripe_customer
    left join lateral (
        select customer_id, how
        from stripe_customer_match
        where stripe_customer_match.tenant_id = :tenant_id
          and stripe_customer_match.connection_id = stripe_customer.connection_id
          and stripe_customer_match.stripe_customer_id = stripe_customer.stripe_customer_id
        order by match_number desc
        limit 1
    ) newest on true
    where stripe_customer.tenant_id = :tenant_id
)
select coalesce(in_stripe.customer_id, 0) as customer_id,
       coalesce(in_stripe.name, customer.name, in_stripe.stripe_customer_id) as name, connection_id, stripe_customer_id,
       email, own_id, coalesce(calls, 0) as calls, coalesce(cost, 0) as cost_pico, coalesce(revenue, 0) as revenue_pico
from in_stripe
left join customer on customer.tenant_id = :tenant_id and customer.customer_id = in_stripe.customer_id
left join money on money.customer_id = in_stripe.customer_id
where (coalesce(how, 'own row') = 'own row' or exists (
           select from customer_alias own_row
           where own_row.tenant_id = :tenant_id and own_row.source = 'stripe:' || connection_id
             and own_row.external_id = stripe_customer_id and own_row.customer_id = in_stripe.customer_id))
      and (cast(:customer_id as bigint) is null or in_stripe.customer_id = cast(:customer_id as bigint))
      and (cast(:segment as text) is null and cast(:plan_id as bigint) is null or in_stripe.customer_id in (select customer_id from narrowed))
union all
select money.customer_id, coalesce(customer.name, ''), null, null, null, null, money.calls, coalesce(cost, 0), coalesce(revenue, 0)
from money
join customer on customer.tenant_id = :tenant_id and customer.customer_id = money.customer_id
where money.calls > 0
  and money.customer_id not in (select customer_id from in_stripe where customer_id is not null)
  and exists (select from stripe_connection where tenant_id = :tenant_id)
order by revenue_pico desc, cost_pico desc, name, stripe_customer_id
