-- Appends a version of each object whose state differs from its newest version, and notes it as the newest.
with appended as (
    insert into stripe_object_version (
        tenant_id, connection_id, kind, object_id, version_number, hash, api_version, created_at, fetched_at,
        is_deleted, raw
    )
    select
        :tenant_id, :connection_id, :kind, fetched.object_id, coalesce(newest.version_number, 0) + 1,
        decode(fetched.hash, 'hex'), :api_version, fetched.created_at, :fetched_at, fetched.is_deleted, fetched.raw
    from jsonb_to_recordset(cast(:fetched as jsonb)) as fetched (
        object_id text, hash text, created_at timestamptz, is_deleted boolean, raw jsonb
    )
    left join lateral (
        select version_number, hash, is_deleted
        from stripe_object_version as version
        where version.tenant_id = :tenant_id
            and version.connection_id = :connection_id
            and version.kind = :kind
            and version.object_id = fetched.object_id
        order by version_number desc
        limit 1
    ) as newest on true
    where newest.hash is distinct from decode(fetched.hash, 'hex') or newest.is_deleted is distinct from fetched.is_deleted
    returning object_id, version_number, hash, is_deleted
)

insert into stripe_object (tenant_id, connection_id, kind, object_id, version_number, hash, is_deleted)
select :tenant_id, :connection_id, :kind, object_id, version_number, hash, is_deleted
from appended
on conflict (tenant_id, connection_id, kind, object_id) do update
set version_number = excluded.version_number, hash = excluded.hash, is_deleted = excluded.is_deleted
returning object_id, version_number
