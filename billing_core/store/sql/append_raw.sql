-- The provider's own usage block, beside the ledger so that it can be dropped by age.
insert into usage_raw (tenant_id, occurred_at, event_id, block)
select :tenant_id, occurred_at, event_id, block
from usage_batch
where block is not null
order by occurred_at, event_id
