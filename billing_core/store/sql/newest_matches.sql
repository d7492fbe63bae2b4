-- Which customer each Stripe customer of the tenant is, over all its connections; of all customers, or of some.
select connection_id, stripe_customer_id, customer_id
from (
    select distinct on (connection_id, stripe_customer_id) connection_id, stripe_customer_id, customer_id
    from stripe_customer_match
    where tenant_id = :tenant_id
    order by connection_id, stripe_customer_id, match_number desc
) as newest
where cast(:customer_ids as bigint[]) is null or customer_id = any(cast(:customer_ids as bigint[]))
order by customer_id, connection_id, stripe_customer_id
