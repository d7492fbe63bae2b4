-- Customers that documents name and that the mirror lacks: deleted ones, which Stripe's lists leave out.
select
    named.stripe_customer_id,
    min(named.created_at) as created_at,
    (array_agg(named.name order by named.created_at desc) filter (where named.name is not null))[1] as name,
    (array_agg(named.email order by named.created_at desc) filter (where named.email is not null))[1] as email
from (
    select
        invoice.stripe_customer_id, invoice.created_at, version.raw ->> 'customer_name' as name,
        version.raw ->> 'customer_email' as email
    from invoice
    inner join stripe_object as held
        on held.tenant_id = invoice.tenant_id
        and held.connection_id = invoice.connection_id
        and held.kind = 'invoice'
        and held.object_id = invoice.invoice_id
    inner join stripe_object_version as version
        on version.tenant_id = held.tenant_id
        and version.connection_id = held.connection_id
        and version.kind = held.kind
        and version.object_id = held.object_id
        and version.version_number = held.version_number
    where invoice.tenant_id = :tenant_id
        and invoice.connection_id = :connection_id
        and not exists (
            select from stripe_customer as known
            where known.tenant_id = invoice.tenant_id
                and known.connection_id = invoice.connection_id
                and known.stripe_customer_id = invoice.stripe_customer_id
        )
    union all
    select stripe_customer_id, created_at, null, null
    from subscription
    where tenant_id = :tenant_id and connection_id = :connection_id
    union all
    select stripe_customer_id, created_at, null, null
    from payment
    where tenant_id = :tenant_id and connection_id = :connection_id and stripe_customer_id is not null
    union all
    select stripe_customer_id, created_at, null, null
    from credit_note
    where tenant_id = :tenant_id and connection_id = :connection_id
) as named
where not exists (
    select from stripe_customer as known
    where known.tenant_id = :tenant_id
        and known.connection_id = :connection_id
        and known.stripe_customer_id = named.stripe_customer_id
)
group by named.stripe_customer_id
order by named.stripe_customer_id
