-- What the batch added, exactly.
select count(*) filter (where cost_pico_usd is null) as unpriced, coalesce(sum(cost_pico_usd), 0) as cost_pico_usd
from usage_batch
