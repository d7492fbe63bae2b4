-- What the batch added, exactly.
select coalesce(sum(unpriced_calls), 0) as unpriced, coalesce(sum(cost_pico_usd), 0) as cost_pico_usd
from usage_batch_day
