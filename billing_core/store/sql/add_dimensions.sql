-- The batch's dimensions that the tenant does not have yet.
insert into usage_dimension (tenant_id, product_id, feature, provider, model, service_tier, batch, speed, region,
                             search_context_size, api_key, project, recorded_at)
select :tenant_id, wanted.*, :now
from unnest(cast(:product_id as bigint[]), cast(:feature as text[]), cast(:provider as text[]), cast(:model as text[]),
            cast(:service_tier as text[]), cast(:batch as boolean[]), cast(:speed as text[]), cast(:region as text[]),
            cast(:search_context_size as text[]), cast(:api_key as text[]), cast(:project as text[])) as wanted
on conflict do nothing
