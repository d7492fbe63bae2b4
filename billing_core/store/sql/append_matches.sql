-- Matches are appended behind those that stand: the highest number holds.
insert into stripe_customer_match (
    tenant_id, connection_id, stripe_customer_id, match_number, customer_id, how, actor, reason, recorded_at
)
select :tenant_id, :connection_id, stripe_customer_id, match_number, customer_id, how, :actor, :reason, :now
from unnest(
    cast(:stripe_customer_ids as text[]), cast(:match_numbers as integer[]), cast(:customer_ids as bigint[]),
    cast(:hows as text[])
) as new (stripe_customer_id, match_number, customer_id, how)
