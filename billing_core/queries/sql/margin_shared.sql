-- The tenant's shared costs, each an amount a month from a month on until a later row of the same name.
select shared_cost_id, shared_cost.name, amount_minor, from_month, rule, reporting_currency
from shared_cost
join tenant using (tenant_id)
where tenant_id = :tenant_id
order by shared_cost.name, from_month, shared_cost_id
