-- One customer by number.
select customer_id, name, recorded_at from customer where tenant_id = :tenant_id and customer_id = :customer_id
