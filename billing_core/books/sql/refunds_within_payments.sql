-- No payment gave back more than it took: refunds that are on their way count, failed and canceled ones do not.
with given_back as (
    select connection_id, payment_id, sum(amount_minor) as amount_minor
    from refund
    where tenant_id = :tenant_id and payment_id is not null and status not in ('failed', 'canceled')
    group by connection_id, payment_id
)
select payment_id as what, 'at most ' || payment.amount_minor as expected,
       greatest(given_back.amount_minor, payment.refunded_minor)::text as found,
       greatest(given_back.amount_minor, payment.refunded_minor) > payment.amount_minor as is_broken
from (
    select connection_id, payment_id, amount_minor, refunded_minor from payment where tenant_id = :tenant_id
) as payment
join given_back using (connection_id, payment_id)
