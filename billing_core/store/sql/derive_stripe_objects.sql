-- Which version of each object is its newest, from the versions alone.
insert into stripe_object (tenant_id, connection_id, kind, object_id, version_number, hash, is_deleted)
select distinct on (kind, object_id)
    tenant_id, connection_id, kind, object_id, version_number, hash, is_deleted
from stripe_object_version
where tenant_id = :tenant_id and connection_id = :connection_id
order by kind, object_id, version_number desc
