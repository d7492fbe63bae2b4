-- Coarse rollup by customer, product and month: what lists of customers read. product_id 0: no product was named.
insert into usage_cost_month (
    tenant_id, month, customer_id, product_id,
    calls, unpriced_calls, tokens, unpriced_tokens, cost_pico_usd, list_pico_usd, known_pico_usd
)
select
    :tenant_id, date_trunc('month', day)::date as month, customer_id, coalesce(product_id, 0) as product_id,
    sum(calls), sum(unpriced_calls),
    sum(input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image + cache_write
        + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video),
    sum(unpriced_tokens), sum(cost_pico_usd), sum(list_pico_usd), sum(known_pico_usd)
from usage_batch_day
join usage_dimension using (dimension_id)
where usage_dimension.tenant_id = :tenant_id
group by date_trunc('month', day)::date, customer_id, coalesce(product_id, 0)
order by month, customer_id, product_id
on conflict (tenant_id, month, customer_id, product_id) do update set
    calls = usage_cost_month.calls + excluded.calls,
    unpriced_calls = usage_cost_month.unpriced_calls + excluded.unpriced_calls,
    tokens = usage_cost_month.tokens + excluded.tokens,
    unpriced_tokens = usage_cost_month.unpriced_tokens + excluded.unpriced_tokens,
    cost_pico_usd = usage_cost_month.cost_pico_usd + excluded.cost_pico_usd,
    list_pico_usd = usage_cost_month.list_pico_usd + excluded.list_pico_usd,
    known_pico_usd = usage_cost_month.known_pico_usd + excluded.known_pico_usd
