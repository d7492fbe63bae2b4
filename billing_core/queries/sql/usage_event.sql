-- One event with everything that is known about its cost: tokens by class, the price that made it, the provider's own words.
select usage_event.event_id, usage_event.occurred_at, usage_event.recorded_at, usage_event.customer_id,
       coalesce(customer.name, '') as customer_name, coalesce(product.name, '') as product_name,
       coalesce(usage_dimension.feature, '') as feature, usage_dimension.provider, usage_dimension.model,
       usage_event.calls, usage_event.cost_pico_usd, usage_event.list_pico_usd, usage_event.known_pico_usd,
       usage_event.unpriced_reason, usage_source.name as source, usage_event.key, usage_event.end_user, usage_event.tags,
       jsonb_strip_nulls(to_jsonb(usage_dimension) - array['tenant_id', 'dimension_id', 'product_id', 'feature', 'provider',
                                                           'model', 'recorded_at']) as circumstances,
       jsonb_strip_nulls(jsonb_build_object(
           'input', input, 'input_audio', input_audio, 'input_image', input_image, 'input_video', input_video,
           'cache_read', cache_read, 'cache_read_audio', cache_read_audio, 'cache_read_image', cache_read_image,
           'cache_write', cache_write, 'cache_write_5m', cache_write_5m, 'cache_write_1h', cache_write_1h,
           'output', output, 'output_audio', output_audio, 'output_image', output_image, 'output_video', output_video,
           'requests', requests, 'web_search', web_search, 'file_search', file_search)) as tokens,
       coalesce(catalogue_price.version, own_price.version) as price_version,
       coalesce(catalogue_price.valid_from, own_price.valid_from) as price_valid_from,
       coalesce(catalogue_price.source, own_price.reason) as price_source,
       own_price.version is not null as is_own_price,
       coalesce(catalogue_price.bands, own_price.bands) as bands,
       usage_raw.block as raw
from usage_event
join usage_dimension on usage_dimension.tenant_id = :tenant_id and usage_dimension.dimension_id = usage_event.dimension_id
left join product on product.tenant_id = :tenant_id and product.product_id = usage_dimension.product_id
left join customer on customer.tenant_id = :tenant_id and customer.customer_id = usage_event.customer_id
left join usage_source on usage_source.tenant_id = :tenant_id and usage_source.source_id = usage_event.source_id
left join catalogue_price on catalogue_price.price_version_id = usage_event.price_version_id
left join own_price on own_price.tenant_id = :tenant_id and own_price.price_version_id = usage_event.price_version_id
left join usage_raw on usage_raw.tenant_id = :tenant_id and usage_raw.occurred_at = usage_event.occurred_at
                   and usage_raw.event_id = usage_event.event_id
where usage_event.tenant_id = :tenant_id and usage_event.customer_id = :customer_id
  and usage_event.occurred_at = :occurred_at and usage_event.event_id = :event_id
