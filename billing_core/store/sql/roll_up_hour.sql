-- Fine rollup by hour, all customers together.
insert into usage_hour (
    tenant_id, hour, dimension_id, price_version_id,
    calls, unpriced_calls, unpriced_tokens, cost_pico_usd, list_pico_usd, known_pico_usd, input, input_audio,
    input_image, input_video, cache_read, cache_read_audio, cache_read_image, cache_write, cache_write_5m,
    cache_write_1h, output, output_audio, output_image, output_video, requests, web_search, file_search
)
select
    :tenant_id,
    date_trunc('hour', occurred_at, 'UTC') as hour,
    dimension_id,
    price_version_id,
    sum(calls) as calls,
    sum(case when cost_pico_usd is null then calls else 0 end) as unpriced_calls,
    sum(case when cost_pico_usd is null then
            coalesce(input, 0) + coalesce(input_audio, 0) + coalesce(input_image, 0) + coalesce(input_video, 0) + coalesce(cache_read, 0) + coalesce(cache_read_audio, 0) + coalesce(cache_read_image, 0)
            + coalesce(cache_write, 0) + coalesce(cache_write_5m, 0) + coalesce(cache_write_1h, 0) + coalesce(output, 0) + coalesce(output_audio, 0) + coalesce(output_image, 0) + coalesce(output_video, 0)
        else 0 end) as unpriced_tokens,
    coalesce(sum(cost_pico_usd), 0) as cost_pico_usd,
    coalesce(sum(list_pico_usd), 0) as list_pico_usd,
    coalesce(sum(known_pico_usd), 0) as known_pico_usd,
    coalesce(sum(input), 0) as input,
    coalesce(sum(input_audio), 0) as input_audio,
    coalesce(sum(input_image), 0) as input_image,
    coalesce(sum(input_video), 0) as input_video,
    coalesce(sum(cache_read), 0) as cache_read,
    coalesce(sum(cache_read_audio), 0) as cache_read_audio,
    coalesce(sum(cache_read_image), 0) as cache_read_image,
    coalesce(sum(cache_write), 0) as cache_write,
    coalesce(sum(cache_write_5m), 0) as cache_write_5m,
    coalesce(sum(cache_write_1h), 0) as cache_write_1h,
    coalesce(sum(output), 0) as output,
    coalesce(sum(output_audio), 0) as output_audio,
    coalesce(sum(output_image), 0) as output_image,
    coalesce(sum(output_video), 0) as output_video,
    coalesce(sum(requests), 0) as requests,
    coalesce(sum(web_search), 0) as web_search,
    coalesce(sum(file_search), 0) as file_search
from usage_batch
group by hour, dimension_id, price_version_id
order by hour, dimension_id, price_version_id
on conflict (tenant_id, hour, dimension_id, price_version_id) do update set
    calls = usage_hour.calls + excluded.calls,
    unpriced_calls = usage_hour.unpriced_calls + excluded.unpriced_calls,
    unpriced_tokens = usage_hour.unpriced_tokens + excluded.unpriced_tokens,
    cost_pico_usd = usage_hour.cost_pico_usd + excluded.cost_pico_usd,
    list_pico_usd = usage_hour.list_pico_usd + excluded.list_pico_usd,
    known_pico_usd = usage_hour.known_pico_usd + excluded.known_pico_usd,
    input = usage_hour.input + excluded.input,
    input_audio = usage_hour.input_audio + excluded.input_audio,
    input_image = usage_hour.input_image + excluded.input_image,
    input_video = usage_hour.input_video + excluded.input_video,
    cache_read = usage_hour.cache_read + excluded.cache_read,
    cache_read_audio = usage_hour.cache_read_audio + excluded.cache_read_audio,
    cache_read_image = usage_hour.cache_read_image + excluded.cache_read_image,
    cache_write = usage_hour.cache_write + excluded.cache_write,
    cache_write_5m = usage_hour.cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = usage_hour.cache_write_1h + excluded.cache_write_1h,
    output = usage_hour.output + excluded.output,
    output_audio = usage_hour.output_audio + excluded.output_audio,
    output_image = usage_hour.output_image + excluded.output_image,
    output_video = usage_hour.output_video + excluded.output_video,
    requests = usage_hour.requests + excluded.requests,
    web_search = usage_hour.web_search + excluded.web_search,
    file_search = usage_hour.file_search + excluded.file_search
