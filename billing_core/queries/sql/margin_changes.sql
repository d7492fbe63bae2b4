-- What given customers' models cost in a period and in the one before it.
select customer_id, provider, model, coalesce(sum(before), 0) as before_pico, coalesce(sum(now), 0) as now_pico
from (
    select customer_id, dimension_id, null::numeric as before, sum(cost_pico_usd) as now
    from usage_day
    where tenant_id = :tenant_id and day >= :start_on and day < :end_on and customer_id = any(cast(:customer_ids as bigint[]))
    group by customer_id, dimension_id
    union all
    select customer_id, dimension_id, sum(cost_pico_usd), null
    from usage_day
    where tenant_id = :tenant_id and day >= :start_before and day < :end_before
      and customer_id = any(cast(:customer_ids as bigint[]))
    group by customer_id, dimension_id
) moved
join usage_dimension on usage_dimension.tenant_id = :tenant_id and usage_dimension.dimension_id = moved.dimension_id
where cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint)
group by customer_id, provider, model
order by customer_id, provider, model
