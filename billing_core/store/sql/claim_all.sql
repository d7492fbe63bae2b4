-- Claim every key of the batch; one that is taken fails the statement, and the caller claims by claim_new.sql instead.
-- Sorted, because neighbours in the index are then written together.
insert into usage_key (tenant_id, source_id, key, body_hash, occurred_at, event_id)
select :tenant_id, :source_id, key, body_hash, occurred_at, event_id
from usage_batch
order by key
