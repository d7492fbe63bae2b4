"""The revenue of data set A: 4,000 customers with twelve monthly invoices each, written as the bookings' projections.

Nothing of it comes from Stripe: the rows have the shape that `marginbook sync stripe` and the bookings would leave.
"""

import psycopg

from bench.installation import Tenant, plain

STATEMENTS = (
    "set search_path = marginbook",
    # Five prices of each of the two products that usage names.
    """
    insert into stripe_connection (tenant_id, account_id, livemode, name, customer_key, segment_key, recorded_at)
    values (%(tenant_id)s, 'acct_data_set_a', false, 'Data set A', 'customer_id', 'segment', now())
    """,
    """
    insert into stripe_product (tenant_id, connection_id, stripe_product_id, name)
    select %(tenant_id)s, connection_id, 'prod_' || product.name, product.name
    from stripe_connection join product using (tenant_id)
    where tenant_id = %(tenant_id)s
    """,
    """
    insert into stripe_price (tenant_id, connection_id, price_id, stripe_product_id, name, currency, unit_amount_minor,
                              recurring_interval, interval_count, is_metered)
    select tenant_id, connection_id, 'price_' || name || '_' || tier, stripe_product_id, name || ' ' || tier, 'usd',
           1900 * 3 ^ tier, 'month', 1, false
    from stripe_product, generate_series(0, 4) as tier
    where tenant_id = %(tenant_id)s
    """,
    """
    insert into plan (tenant_id, connection_id, price_id, recorded_at)
    select tenant_id, connection_id, price_id, now() from stripe_price where tenant_id = %(tenant_id)s order by price_id
    """,
    # Who is larger pays more: the customer of rank r has the price of the tier that its rank falls into; every
    # twentieth pays for the next tier from the middle of the year on.
    """
    create temp table paying as
    select customer_id, rank, product.product_id, month::date as month,
           (month + interval '1 month')::date - month::date as days, plan_id, plan.connection_id,
           unit_amount_minor::bigint as amount_minor, customer.name
    from customer
    cross join lateral (select substring(customer.name from '[0-9]+$')::int as rank) ranked
    cross join generate_series(timestamp '2025-11-01', timestamp '2026-10-01', interval '1 month') as month
    join product on product.tenant_id = customer.tenant_id
                and product.name = case when rank %% 2 = 0 then 'Writer' else 'Helper' end
    join stripe_price on stripe_price.tenant_id = customer.tenant_id
                     and stripe_price.price_id = 'price_' || product.name || '_'
        || least(4, case when rank <= 20 then 4 when rank <= 150 then 3 when rank <= 800 then 2 when rank <= 2000 then 1
                         else 0 end + (rank %% 20 = 0 and month >= timestamp '2026-05-01')::int)
    join plan on plan.tenant_id = customer.tenant_id and plan.connection_id = stripe_price.connection_id
             and plan.price_id = stripe_price.price_id
    where customer.tenant_id = %(tenant_id)s
    """,
    # Each day has its settled part of the month's amount, as straight-line revenue has.
    """
    insert into booked_day (tenant_id, customer_id, day, product_id, plan_id, kind, currency, amount_minor,
                            unconverted_minor, reporting_pico)
    select %(tenant_id)s, customer_id, month + n - 1, product_id, plan_id, 'subscription', 'usd', amount, 0,
           amount * 10000000000::numeric
    from paying
    cross join lateral generate_series(1, days) as n
    cross join lateral (select amount_minor * n / days - amount_minor * (n - 1) / days as amount) settled
    order by customer_id, month, n
    """,
    """
    insert into booked_day (tenant_id, customer_id, day, product_id, plan_id, kind, currency, amount_minor,
                            unconverted_minor, reporting_pico)
    select %(tenant_id)s, customer_id, month, booked.product_id, booked.plan_id, kind, 'usd', amount, 0,
           amount * 10000000000::numeric
    from paying
    cross join lateral (values (0, 0, 'payment_fee', amount_minor * 29 / 1000 + 30),
                               (product_id, 0, 'cash_payment', amount_minor),
                               (product_id, plan_id, 'refund', -amount_minor / 2)
    ) as booked(product_id, plan_id, kind, amount)
    where kind <> 'refund' or rank %% 100 = extract(month from month)
    """,
    """
    insert into booked_month (tenant_id, month, customer_id, product_id, plan_id, kind, currency, amount_minor,
                              unconverted_minor, reporting_pico)
    select tenant_id, date_trunc('month', day)::date as month, customer_id, product_id, plan_id, kind, currency,
           sum(amount_minor), sum(unconverted_minor), sum(reporting_pico)
    from booked_day
    where tenant_id = %(tenant_id)s
    group by tenant_id, date_trunc('month', day)::date, customer_id, product_id, plan_id, kind, currency
    order by month, customer_id
    """,
    """
    insert into plan_span (tenant_id, connection_id, subscription_id, plan_id, starts_at, ends_at, customer_id,
                           product_id, quantity, currency, mrr_minor, rate)
    select %(tenant_id)s, connection_id, 'sub_' || rank, plan_id, min(month)::timestamp at time zone 'UTC',
           (max(month) + interval '1 month') at time zone 'UTC', customer_id, product_id, 1, 'usd', amount_minor, 1
    from paying
    group by connection_id, rank, plan_id, customer_id, product_id, amount_minor
    """,
    """
    insert into customer_standing (tenant_id, customer_id, segment, plan_id, email, first_paid_on, status, is_in_stripe)
    select distinct on (customer_id) %(tenant_id)s, customer_id,
           case when rank <= 150 then 'enterprise' when rank <= 2000 then 'mid-market' else 'small' end, plan_id,
           name || '@example.com', date '2025-11-01', 'active', true
    from paying
    order by customer_id, month desc
    """,
    """
    insert into stripe_customer (tenant_id, connection_id, stripe_customer_id, name, own_id, created_at, is_deleted)
    select distinct %(tenant_id)s::bigint, connection_id, 'cus_' || rank, name, name, timestamptz '2025-11-01', false
    from paying
    """,
    """
    insert into stripe_customer_match (tenant_id, connection_id, stripe_customer_id, match_number, customer_id, how,
                                       actor, recorded_at)
    select distinct %(tenant_id)s::bigint, connection_id, 'cus_' || rank, 1, customer_id, 'metadata', 'bench', now()
    from paying
    """,
    "drop table paying",
)


def book(tenant: Tenant) -> int:
    """Write the year's revenue of every customer in the books; return the bookings."""
    with psycopg.connect(plain(tenant.urls.superuser_url)) as connection:
        for statement in STATEMENTS:
            connection.execute(statement.encode(), {"tenant_id": tenant.tenant_id} if "%" in statement else None)
        booked = connection.execute(
            "select count(*) from marginbook.booked_day where tenant_id = %s", [tenant.tenant_id]
        ).fetchone()
    if booked is None or not booked[0]:
        raise AssertionError("Data set A has no revenue: its customers are not in the books.")
    return int(booked[0])
