-- The objects of a kind that are not deleted, with the instant of their creation.
select object_id, created_at
from (
    select distinct on (object_id) object_id, created_at, is_deleted
    from stripe_object_version
    where tenant_id = :tenant_id and connection_id = :connection_id and kind = :kind
    order by object_id, version_number desc
) as newest
where not is_deleted and created_at is not null
