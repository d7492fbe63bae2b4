-- What the dearest model's tokens cost on average: what an unpriced token is taken to cost at most.
-- Of the whole tenant: a model that one customer has no price for is priced as the dearest that the books know.
select max(cost / tokens) as pico_per_token
from (
    select provider, model, sum(cost_pico_usd) as cost,
           sum(input + input_audio + input_image + input_video + cache_read + cache_read_audio + cache_read_image
               + cache_write + cache_write_5m + cache_write_1h + output + output_audio + output_image + output_video
               - unpriced_tokens) as tokens
    from usage_hour
    join usage_dimension using (tenant_id, dimension_id)
    where tenant_id = :tenant_id
      and hour >= cast(:start_on as date)::timestamp at time zone 'UTC'
      and hour < cast(:end_on as date)::timestamp at time zone 'UTC'
    group by provider, model
) priced
where tokens > 0
having max(cost / tokens) is not null
