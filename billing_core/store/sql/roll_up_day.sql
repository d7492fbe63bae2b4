-- Fine rollup by customer and day. Sorted, so that two imports wait for each other instead of blocking each other.
insert into usage_day (
    tenant_id, customer_id, day, dimension_id, price_version_id,
    calls, unpriced_calls, unpriced_tokens, cost_pico_usd, list_pico_usd, known_pico_usd, input, input_audio,
    input_image, input_video, cache_read, cache_read_audio, cache_read_image, cache_write, cache_write_5m,
    cache_write_1h, output, output_audio, output_image, output_video, requests, web_search, file_search
)
select
    :tenant_id, customer_id, day, dimension_id, price_version_id,
    calls, unpriced_calls, unpriced_tokens, cost_pico_usd, list_pico_usd, known_pico_usd, input, input_audio,
    input_image, input_video, cache_read, cache_read_audio, cache_read_image, cache_write, cache_write_5m,
    cache_write_1h, output, output_audio, output_image, output_video, requests, web_search, file_search
from usage_batch_day
order by customer_id, day, dimension_id, price_version_id
on conflict (tenant_id, customer_id, day, dimension_id, price_version_id) do update set
    calls = usage_day.calls + excluded.calls,
    unpriced_calls = usage_day.unpriced_calls + excluded.unpriced_calls,
    unpriced_tokens = usage_day.unpriced_tokens + excluded.unpriced_tokens,
    cost_pico_usd = usage_day.cost_pico_usd + excluded.cost_pico_usd,
    list_pico_usd = usage_day.list_pico_usd + excluded.list_pico_usd,
    known_pico_usd = usage_day.known_pico_usd + excluded.known_pico_usd,
    input = usage_day.input + excluded.input,
    input_audio = usage_day.input_audio + excluded.input_audio,
    input_image = usage_day.input_image + excluded.input_image,
    input_video = usage_day.input_video + excluded.input_video,
    cache_read = usage_day.cache_read + excluded.cache_read,
    cache_read_audio = usage_day.cache_read_audio + excluded.cache_read_audio,
    cache_read_image = usage_day.cache_read_image + excluded.cache_read_image,
    cache_write = usage_day.cache_write + excluded.cache_write,
    cache_write_5m = usage_day.cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = usage_day.cache_write_1h + excluded.cache_write_1h,
    output = usage_day.output + excluded.output,
    output_audio = usage_day.output_audio + excluded.output_audio,
    output_image = usage_day.output_image + excluded.output_image,
    output_video = usage_day.output_video + excluded.output_video,
    requests = usage_day.requests + excluded.requests,
    web_search = usage_day.web_search + excluded.web_search,
    file_search = usage_day.file_search + excluded.file_search
