-- From when to when the tenant has usage.
select min(occurred_at) as first_at, max(occurred_at) as last_at from usage_event where tenant_id = :tenant_id
