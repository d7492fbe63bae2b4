-- Numbers for prices that have none yet; in the order of their ids.
insert into plan (tenant_id, connection_id, price_id, recorded_at)
select :tenant_id, :connection_id, price_id, :now
from (
    select price_id from stripe_price where tenant_id = :tenant_id and connection_id = :connection_id
    union
    select price_id from invoice_line where tenant_id = :tenant_id and connection_id = :connection_id
    union
    select price_id from subscription_item where tenant_id = :tenant_id and connection_id = :connection_id
) as named
where price_id is not null and not exists (
    select from plan
    where plan.tenant_id = :tenant_id and plan.connection_id = :connection_id and plan.price_id = named.price_id
)
order by price_id
