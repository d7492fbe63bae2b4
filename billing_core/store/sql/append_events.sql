-- The ledger; sorted as its primary key is.
insert into usage_event (
    tenant_id, source_id, recorded_at,
    event_id, occurred_at, customer_id, dimension_id, price_version_id, cost_pico_usd, list_pico_usd,
    known_pico_usd, calls, input, input_audio, input_image, input_video, cache_read, cache_read_audio,
    cache_read_image, cache_write, cache_write_5m, cache_write_1h, output, output_audio, output_image,
    output_video, requests, web_search, file_search, key, unpriced_reason, end_user, tags
)
select
    :tenant_id, :source_id, :recorded_at,
    event_id, occurred_at, customer_id, dimension_id, price_version_id, cost_pico_usd, list_pico_usd,
    known_pico_usd, calls, input, input_audio, input_image, input_video, cache_read, cache_read_audio,
    cache_read_image, cache_write, cache_write_5m, cache_write_1h, output, output_audio, output_image,
    output_video, requests, web_search, file_search, key, unpriced_reason, end_user, tags
from usage_batch
order by customer_id, occurred_at, event_id
