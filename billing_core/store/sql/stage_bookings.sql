-- One row per booking, unlogged and gone with the transaction; COPY may fill it because it has no policies.
-- pico_per_minor: of the reporting currency for one minor unit of `currency`; null where no rate is known.
create temp table booking_stage (
    customer_id bigint not null,
    day date not null,
    product_id bigint not null,
    plan_id bigint not null,
    kind text not null,
    currency text not null,
    amount_minor bigint not null,
    pico_per_minor numeric
) on commit drop
