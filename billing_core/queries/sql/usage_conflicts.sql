-- Events whose key came a second time with another body: what counts, and what was refused, side by side.
select usage_source.name as source, usage_conflict.key, coalesce(customer.name, '') as customer_name,
       usage_dimension.provider, usage_dimension.model,
       usage_key.occurred_at as counted_at, counted.cost_pico_usd as counted_pico_usd,
       usage_conflict.occurred_at as refused_at, usage_conflict.cost_pico_usd as refused_pico_usd,
       usage_conflict.tokens as refused_tokens, usage_conflict.recorded_at
from usage_conflict
join usage_key using (tenant_id, source_id, key)
left join usage_event counted on counted.tenant_id = :tenant_id and counted.occurred_at = usage_key.occurred_at
                             and counted.event_id = usage_key.event_id
left join usage_source on usage_source.tenant_id = :tenant_id and usage_source.source_id = usage_conflict.source_id
left join usage_dimension on usage_dimension.tenant_id = :tenant_id and usage_dimension.dimension_id = usage_conflict.dimension_id
left join customer on customer.tenant_id = :tenant_id and customer.customer_id = usage_conflict.customer_id
where usage_conflict.tenant_id = :tenant_id
order by usage_conflict.recorded_at desc, usage_conflict.source_id, usage_conflict.key
limit cast(:count_max as bigint)
