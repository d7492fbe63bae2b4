-- The tenants that a person may open, asked by the installation itself, a demo last.
select tenant.tenant_id, tenant.slug, tenant.name, tenant.is_demo, membership.role
from membership
join tenant using (tenant_id)
where membership.user_id = :user_id
order by tenant.is_demo, tenant.name, tenant.tenant_id
