-- The newest version of each object of a kind, in the order of ids, after a given one.
select distinct on (object_id) object_id, version_number, hash, is_deleted, raw::text as raw
from stripe_object_version
where tenant_id = :tenant_id and connection_id = :connection_id and kind = :kind and object_id > :after
order by object_id, version_number desc
limit :rows_max
