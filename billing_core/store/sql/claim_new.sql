-- Claim the keys that are free and remember which; a key that stands twice in the batch is claimed by its first row.
with claimed as (
    insert into usage_key (tenant_id, source_id, key, body_hash, occurred_at, event_id)
    select :tenant_id, :source_id, key, body_hash, occurred_at, event_id
    from usage_batch
    order by key, event_id
    on conflict do nothing
    returning event_id
)
insert into usage_claimed (event_id)
select event_id from claimed
