-- The connected Stripe accounts: what is known of each, and how its last backfill went.
select connection_id, account_id, livemode, name, customer_key, segment_key, recorded_at,
       (select count(*) from stripe_customer each
        where each.tenant_id = :tenant_id and each.connection_id = stripe_connection.connection_id) as customers,
       (select count(*) from (
            select distinct on (stripe_customer_id) connection_id, stripe_customer_id, customer_id, how
            from stripe_customer_match each
            where each.tenant_id = :tenant_id and each.connection_id = stripe_connection.connection_id
            order by stripe_customer_id, match_number desc
        ) newest
        where how = 'own row' or exists (
            select from customer_alias own_row
            where own_row.tenant_id = :tenant_id and own_row.source = 'stripe:' || newest.connection_id
              and own_row.external_id = newest.stripe_customer_id and own_row.customer_id = newest.customer_id)) as unmatched_customers,
       (select count(*) from invoice each
        where each.tenant_id = :tenant_id and each.connection_id = stripe_connection.connection_id) as invoices,
       (select count(*) from payment each
        where each.tenant_id = :tenant_id and each.connection_id = stripe_connection.connection_id) as payments,
       last_begun.started_at, last_finished.finished_at, last_begun.objects, last_begun.new_versions,
       last_begun.missing, last_begun.since
from stripe_connection
left join lateral (
    select started_at, objects, new_versions, missing, since
    from stripe_backfill
    where stripe_backfill.tenant_id = :tenant_id and stripe_backfill.connection_id = stripe_connection.connection_id
    order by started_at desc
    limit 1
) last_begun on true
left join lateral (
    select max(finished_at) as finished_at
    from stripe_backfill
    where stripe_backfill.tenant_id = :tenant_id and stripe_backfill.connection_id = stripe_connection.connection_id
) last_finished on true
where tenant_id = :tenant_id
order by connection_id
