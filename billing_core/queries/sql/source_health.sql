-- Each way in: when it last wrote, how many rows it could not read, and how many keys came twice with different bodies.
select usage_source.name as source, usage_source.recorded_at as since,
       (select count(*) from quarantine where tenant_id = :tenant_id and source_id = usage_source.source_id) as quarantined,
       (select count(*) from usage_conflict where tenant_id = :tenant_id and source_id = usage_source.source_id) as conflicts
from usage_source
where usage_source.tenant_id = :tenant_id
order by usage_source.name
