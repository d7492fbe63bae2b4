-- Every object held has its newest version, and every row of the mirror an object that is held, and the other way round.
with newest as (
    select distinct on (connection_id, kind, object_id) connection_id, kind, object_id, version_number, hash, is_deleted
    from stripe_object_version
    where tenant_id = :tenant_id
    order by connection_id, kind, object_id, version_number desc
),
held as (
    select connection_id, kind, object_id, version_number, hash, is_deleted
    from stripe_object
    where tenant_id = :tenant_id
),
mirrored as (
    select connection_id, 'customer' as kind, stripe_customer_id as object_id from stripe_customer where tenant_id = :tenant_id
    union all
    select connection_id, 'product', stripe_product_id from stripe_product where tenant_id = :tenant_id
    union all
    select connection_id, 'price', price_id from stripe_price where tenant_id = :tenant_id
    union all
    select connection_id, 'subscription', subscription_id from subscription where tenant_id = :tenant_id
    union all
    select connection_id, 'invoice', invoice_id from invoice where tenant_id = :tenant_id
    union all
    select connection_id, 'invoice_payment', invoice_payment_id from invoice_payment where tenant_id = :tenant_id
    union all
    select connection_id, 'charge', payment_id from payment where tenant_id = :tenant_id
    union all
    select connection_id, 'refund', refund_id from refund where tenant_id = :tenant_id
    union all
    select connection_id, 'dispute', dispute_id from dispute where tenant_id = :tenant_id
    union all
    select connection_id, 'credit_note', credit_note_id from credit_note where tenant_id = :tenant_id
    union all
    select connection_id, 'balance_transaction', balance_transaction_id
    from balance_transaction where tenant_id = :tenant_id
),
compared as (
    select kind || ' ' || object_id as what,
           case when newest.object_id is null then 'no version' else 'version ' || newest.version_number end as expected,
           case when held.object_id is null then 'not held' else 'version ' || held.version_number end as found,
           (newest.version_number, newest.hash, newest.is_deleted)
               is distinct from (held.version_number, held.hash, held.is_deleted) as is_broken
    from newest
    full join held using (connection_id, kind, object_id)
    union all
    select kind || ' ' || object_id || ' in the mirror',
           case when held.object_id is null then 'no object'
                when held.is_deleted then 'a row or none' else 'a row' end,
           case when mirrored.object_id is null then 'no row' else 'a row' end,
           held.object_id is null or (mirrored.object_id is null and not held.is_deleted)
    from (select connection_id, kind, object_id, is_deleted from held where kind = any(cast(:kinds as text[]))) as held
    full join mirrored using (connection_id, kind, object_id)
)
select what, expected, found, is_broken from compared
