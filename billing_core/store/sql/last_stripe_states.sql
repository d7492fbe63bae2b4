-- What some objects of a kind were last.
select distinct on (object_id) object_id, raw::text as raw
from stripe_object_version
where tenant_id = :tenant_id and connection_id = :connection_id and kind = :kind and object_id = any(:object_ids)
order by object_id, version_number desc
