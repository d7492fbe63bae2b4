-- What usage can be narrowed to: the products, models and features that any call was made for.
select 'product' as kind, product_id as id, name, '' as provider from product where tenant_id = :tenant_id
union all
select distinct 'model', null::bigint, model, provider from usage_dimension where tenant_id = :tenant_id
union all
select distinct 'feature', null::bigint, feature, '' from usage_dimension where tenant_id = :tenant_id and feature is not null
order by kind, name, provider
