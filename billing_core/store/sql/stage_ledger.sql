-- One month of the ledger as if it were a batch, so that the same statements sum it; keys and hashes are not needed.
insert into usage_batch (
    event_id, occurred_at, customer_id, dimension_id, price_version_id, cost_pico_usd, list_pico_usd,
    known_pico_usd, calls, input, input_audio, input_image, input_video, cache_read, cache_read_audio,
    cache_read_image, cache_write, cache_write_5m, cache_write_1h, output, output_audio, output_image,
    output_video, requests, web_search, file_search, key, body_hash
)
select
    event_id, occurred_at, customer_id, dimension_id, price_version_id, cost_pico_usd, list_pico_usd,
    known_pico_usd, calls, input, input_audio, input_image, input_video, cache_read, cache_read_audio,
    cache_read_image, cache_write, cache_write_5m, cache_write_1h, output, output_audio, output_image,
    output_video, requests, web_search, file_search, '', 0
from usage_event
where tenant_id = :tenant_id and occurred_at >= :starts_at and occurred_at < :ends_at
