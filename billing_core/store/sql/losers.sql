-- Rows whose key was taken: with the same body they are duplicates, else conflicts.
select count(*) filter (where usage_key.body_hash = usage_batch.body_hash) as duplicate,
       count(*) filter (where usage_key.body_hash <> usage_batch.body_hash) as conflicting
from usage_batch
join usage_key on usage_key.tenant_id = :tenant_id and usage_key.source_id = :source_id and usage_key.key = usage_batch.key
where not exists (select from usage_claimed where usage_claimed.event_id = usage_batch.event_id)
