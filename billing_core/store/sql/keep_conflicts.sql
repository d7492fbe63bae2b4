-- Same key, other body: kept once for a person to decide, never counted.
insert into usage_conflict (tenant_id, source_id, key, body_hash, occurred_at, customer_id, dimension_id, cost_pico_usd,
                            tokens, recorded_at)
select :tenant_id, :source_id, usage_batch.key, usage_batch.body_hash, usage_batch.occurred_at, usage_batch.customer_id,
       usage_batch.dimension_id, usage_batch.cost_pico_usd,
       jsonb_strip_nulls(jsonb_build_object(
           'input', usage_batch.input, 'input_audio', usage_batch.input_audio, 'input_image',
           usage_batch.input_image, 'input_video', usage_batch.input_video, 'cache_read',
           usage_batch.cache_read, 'cache_read_audio', usage_batch.cache_read_audio, 'cache_read_image',
           usage_batch.cache_read_image, 'cache_write', usage_batch.cache_write, 'cache_write_5m',
           usage_batch.cache_write_5m, 'cache_write_1h', usage_batch.cache_write_1h, 'output',
           usage_batch.output, 'output_audio', usage_batch.output_audio, 'output_image',
           usage_batch.output_image, 'output_video', usage_batch.output_video, 'requests',
           usage_batch.requests, 'web_search', usage_batch.web_search, 'file_search', usage_batch.file_search
       )),
       :recorded_at
from usage_batch
join usage_key on usage_key.tenant_id = :tenant_id and usage_key.source_id = :source_id and usage_key.key = usage_batch.key
where usage_key.body_hash <> usage_batch.body_hash
  and not exists (select from usage_claimed where usage_claimed.event_id = usage_batch.event_id)
order by usage_batch.key, usage_batch.body_hash
on conflict do nothing
