-- What every customer cost in each month of a period, for the table of customers by months.
select customer_id, month, sum(calls)::bigint as calls, sum(unpriced_calls)::bigint as unpriced_calls,
       sum(cost_pico_usd) as cost_pico_usd
from usage_cost_month
where tenant_id = :tenant_id and month >= :start_on and month < :end_on
  and (cast(:customer_id as bigint) is null or customer_id = cast(:customer_id as bigint))
  and (cast(:product_id as bigint) is null or product_id = cast(:product_id as bigint))
group by customer_id, month
order by customer_id, month
