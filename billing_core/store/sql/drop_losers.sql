-- Only what was claimed goes on to the ledger.
delete from usage_batch
where not exists (select from usage_claimed where usage_claimed.event_id = usage_batch.event_id)
