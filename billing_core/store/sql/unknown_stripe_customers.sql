-- Customers that documents name and that the mirror lacks: deleted ones, which Stripe's lists leave out.
-- `not in` and `limit 1` stay fast where the tables are so new that nothing is known of their sizes.
with named as (
    select stripe_customer_id, created_at, invoice_id
    from invoice
    where tenant_id = :tenant_id and connection_id = :connection_id
    union all
    select stripe_customer_id, created_at, null
    from subscription
    where tenant_id = :tenant_id and connection_id = :connection_id
    union all
    select stripe_customer_id, created_at, null
    from payment
    where tenant_id = :tenant_id and connection_id = :connection_id and stripe_customer_id is not null
    union all
    select stripe_customer_id, created_at, null
    from credit_note
    where tenant_id = :tenant_id and connection_id = :connection_id
),

unknown as (
    select stripe_customer_id, min(created_at) as created_at, array_agg(distinct invoice_id) as invoice_ids
    from named
    where stripe_customer_id not in (
        select stripe_customer_id
        from stripe_customer
        where tenant_id = :tenant_id and connection_id = :connection_id
    )
    group by stripe_customer_id
)

select unknown.stripe_customer_id, unknown.created_at, said.name, said.email
from unknown
left join lateral (
    select version.raw ->> 'customer_name' as name, version.raw ->> 'customer_email' as email
    from stripe_object_version as version
    where version.tenant_id = :tenant_id
        and version.connection_id = :connection_id
        and version.kind = 'invoice'
        and version.object_id = any(unknown.invoice_ids)
        and version.raw ->> 'customer_name' is not null
    order by (version.raw ->> 'created')::bigint desc, version.object_id, version.version_number desc
    limit 1
) as said on true
order by unknown.stripe_customer_id
