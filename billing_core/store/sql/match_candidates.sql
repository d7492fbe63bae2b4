-- Every Stripe customer that is asked about, with the match that holds and the answers that metadata and alias give.
-- One that only documents name is no less a customer: its money is in the books.
with named as (
    select stripe_customer_id, own_id, coalesce(nullif(trim(name), ''), nullif(email, ''), stripe_customer_id) as name,
           created_at
    from stripe_customer
    where tenant_id = :tenant_id and connection_id = :connection_id
),
known as (
    select stripe_customer_id, own_id, name, created_at from named
    union all
    select stripe_customer_id, null, stripe_customer_id, null
    from (
        select stripe_customer_id from invoice where tenant_id = :tenant_id and connection_id = :connection_id
        union
        select stripe_customer_id from payment where tenant_id = :tenant_id and connection_id = :connection_id
        union
        select stripe_customer_id from subscription where tenant_id = :tenant_id and connection_id = :connection_id
    ) as mentioned
    where stripe_customer_id is not null and not exists (
        select from named where named.stripe_customer_id = mentioned.stripe_customer_id
    )
),
newest as (
    select distinct on (stripe_customer_id) stripe_customer_id, match_number, customer_id, how
    from stripe_customer_match
    where tenant_id = :tenant_id and connection_id = :connection_id
    order by stripe_customer_id, match_number desc
)
select known.stripe_customer_id, known.name, newest.match_number, newest.customer_id, newest.how,
       by_metadata.customer_id as metadata_customer_id, own_row.customer_id as own_row_customer_id
from known
left join newest using (stripe_customer_id)
left join customer_alias as by_metadata
    on by_metadata.tenant_id = :tenant_id and by_metadata.source = :own_ids and by_metadata.external_id = known.own_id
left join customer_alias as own_row
    on own_row.tenant_id = :tenant_id and own_row.source = :alias_source
    and own_row.external_id = known.stripe_customer_id
where cast(:stripe_customer_ids as text[]) is null or known.stripe_customer_id = any(cast(:stripe_customer_ids as text[]))
order by known.created_at nulls last, known.stripe_customer_id
