-- Every Stripe customer that the mirror knows or a document names is matched to a customer.
with known as (
    select connection_id, stripe_customer_id from stripe_customer where tenant_id = :tenant_id
    union
    select connection_id, stripe_customer_id from invoice where tenant_id = :tenant_id
    union
    select connection_id, stripe_customer_id from payment where tenant_id = :tenant_id and stripe_customer_id is not null
    union
    select connection_id, stripe_customer_id from subscription where tenant_id = :tenant_id
),
newest as (
    select distinct on (connection_id, stripe_customer_id) connection_id, stripe_customer_id, customer_id
    from stripe_customer_match
    where tenant_id = :tenant_id
    order by connection_id, stripe_customer_id, match_number desc
)
select stripe_customer_id as what, 'a customer' as expected,
       coalesce('customer ' || customer.customer_id, 'no match') as found, customer.customer_id is null as is_broken
from known
left join newest using (connection_id, stripe_customer_id)
left join (select customer_id from customer where tenant_id = :tenant_id) as customer using (customer_id)
