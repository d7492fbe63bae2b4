-- The numbers of the batch's dimensions, by their place in it. Absent is '' here, which no name can be, because only
-- equality can be hashed.
select wanted.place, usage_dimension.dimension_id
from unnest(cast(:product_id as bigint[]), cast(:feature as text[]), cast(:provider as text[]), cast(:model as text[]),
            cast(:service_tier as text[]), cast(:batch as boolean[]), cast(:speed as text[]), cast(:region as text[]),
            cast(:search_context_size as text[]), cast(:api_key as text[]), cast(:project as text[])) with ordinality
     as wanted (product_id, feature, provider, model, service_tier, batch, speed, region, search_context_size, api_key,
                project, place)
join usage_dimension
  on usage_dimension.provider = wanted.provider
 and usage_dimension.model = wanted.model
 and coalesce(usage_dimension.product_id, 0) = coalesce(wanted.product_id, 0)
 and coalesce(usage_dimension.feature, '') = coalesce(wanted.feature, '')
 and coalesce(usage_dimension.service_tier, '') = coalesce(wanted.service_tier, '')
 and coalesce(usage_dimension.batch::text, '') = coalesce(wanted.batch::text, '')
 and coalesce(usage_dimension.speed, '') = coalesce(wanted.speed, '')
 and coalesce(usage_dimension.region, '') = coalesce(wanted.region, '')
 and coalesce(usage_dimension.search_context_size, '') = coalesce(wanted.search_context_size, '')
 and coalesce(usage_dimension.api_key, '') = coalesce(wanted.api_key, '')
 and coalesce(usage_dimension.project, '') = coalesce(wanted.project, '')
where usage_dimension.tenant_id = :tenant_id
