-- The batch summed to customer, day, dimension and price version: what the rollups by day and month are fed from.
create temp table usage_batch_day on commit drop as
select
    customer_id,
    (occurred_at at time zone 'UTC')::date as day,
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
group by 1, 2, 3, 4
