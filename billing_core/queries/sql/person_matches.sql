-- Whom persons matched: the newest answer per Stripe customer, where a person gave it and it names another than its own row.
select held.connection_id, held.stripe_customer_id,
       coalesce(stripe_customer.name, held.stripe_customer_id) as stripe_name,
       held.customer_id, customer.name as customer_name, held.actor, held.reason, held.recorded_at
from (
    select distinct on (connection_id, stripe_customer_id)
           connection_id, stripe_customer_id, customer_id, how, actor, reason, recorded_at
    from stripe_customer_match
    where tenant_id = :tenant_id
    order by connection_id, stripe_customer_id, match_number desc
) held
join customer on customer.tenant_id = :tenant_id and customer.customer_id = held.customer_id
left join stripe_customer on stripe_customer.tenant_id = :tenant_id and stripe_customer.connection_id = held.connection_id
    and stripe_customer.stripe_customer_id = held.stripe_customer_id
where held.how = 'person'
  and not exists (
      select from customer_alias own_row
      where own_row.tenant_id = :tenant_id and own_row.source = 'stripe:' || held.connection_id
        and own_row.external_id = held.stripe_customer_id and own_row.customer_id = held.customer_id
  )
order by held.recorded_at desc, held.stripe_customer_id
limit :count_max
