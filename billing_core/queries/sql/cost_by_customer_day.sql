-- What given customers cost on each day of a period that has usage of theirs, oldest first.
select customer_id, day, sum(cost_pico_usd) as cost_pico_usd
from (
    select customer_id, day, cost_pico_usd
    from usage_cost_day
    where :grain <> 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and customer_id = any(cast(:customer_ids as bigint[]))
      and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
    union all
    select customer_id, day, cost_pico_usd
    from usage_day
    join usage_dimension using (tenant_id, dimension_id)
    where :grain = 'fine' and tenant_id = :tenant_id and day >= :start_on and day < :end_on
      and customer_id = any(cast(:customer_ids as bigint[]))
      and (cast(:product_id as bigint) is null or coalesce(product_id, 0) = cast(:product_id as bigint))
      and (cast(:provider as text) is null or provider = cast(:provider as text))
      and (cast(:model as text) is null or model = cast(:model as text))
      and (cast(:feature as text) is null or coalesce(feature, '') = cast(:feature as text))
) spent
group by customer_id, day
order by customer_id, day
