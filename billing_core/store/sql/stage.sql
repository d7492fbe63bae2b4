-- The rows of one batch, unlogged and gone with the transaction; COPY may fill it because it has no policies.
create temp table usage_batch (
    event_id bigint not null,
    occurred_at timestamptz not null,
    customer_id bigint not null,
    dimension_id bigint not null,
    price_version_id bigint not null,
    cost_pico_usd bigint,
    list_pico_usd bigint,
    known_pico_usd bigint,
    calls bigint not null,
    input bigint, input_audio bigint, input_image bigint, input_video bigint, cache_read bigint,
    cache_read_audio bigint, cache_read_image bigint, cache_write bigint, cache_write_5m bigint,
    cache_write_1h bigint, output bigint, output_audio bigint, output_image bigint, output_video bigint,
    requests bigint, web_search bigint, file_search bigint,
    key text not null,
    body_hash bigint not null,
    unpriced_reason text,
    end_user text,
    tags jsonb,
    block jsonb
) on commit drop
