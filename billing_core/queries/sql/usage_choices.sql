-- What usage can be narrowed to: the products, models and features that any call was made for, and the newest plans and
-- the segments that any customer has.
select 'product' as kind, product_id as id, name, '' as provider from product where tenant_id = :tenant_id
union all
select distinct 'model', null::bigint, model, provider from usage_dimension where tenant_id = :tenant_id
union all
select distinct 'feature', null::bigint, feature, '' from usage_dimension where tenant_id = :tenant_id and feature is not null
union all
select distinct 'segment', null::bigint, segment, '' from customer_standing where tenant_id = :tenant_id and segment <> ''
union all
select distinct 'plan', plan.plan_id,
       coalesce(price.name, product.name || coalesce(' (' || price.recurring_interval || ')', ''), plan.price_id), ''
from customer_standing
join plan using (tenant_id, plan_id)
left join stripe_price price using (tenant_id, connection_id, price_id)
left join stripe_product product using (tenant_id, connection_id, stripe_product_id)
where tenant_id = :tenant_id
order by kind, name, provider, id
