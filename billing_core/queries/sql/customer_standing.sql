-- How a customer stands now; its e-mail address leaves the database only for those who may see it.
select standing.segment,
       coalesce(price.name, product.name || coalesce(' (' || price.recurring_interval || ')', ''), plan.price_id) as plan_name,
       case when cast(:with_email as boolean) then standing.email end as email,
       standing.first_paid_on, standing.status, standing.is_in_stripe
from customer_standing standing
left join plan on plan.tenant_id = :tenant_id and plan.plan_id = standing.plan_id
left join stripe_price price on price.tenant_id = :tenant_id and price.connection_id = plan.connection_id
    and price.price_id = plan.price_id
left join stripe_product product on product.tenant_id = :tenant_id and product.connection_id = price.connection_id
    and product.stripe_product_id = price.stripe_product_id
where standing.tenant_id = :tenant_id and standing.customer_id = :customer_id
