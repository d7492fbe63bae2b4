-- Revenue beside the cost: what Stripe says (versions are facts, the mirror is their newest state), whose customer is
-- whose, and what is booked from it per customer and day. Amounts of documents are whole minor units of their currency.

-- Providers bill in dollars, and no cost row has a daily rate yet (docs/decisions/0008): another total would be pretended.
alter table tenant add constraint tenant_reports_in_dollars check (reporting_currency = 'usd');

create table stripe_connection (
    tenant_id bigint not null references tenant,
    connection_id bigint generated always as identity,
    account_id text not null,
    livemode boolean not null,
    name text not null,
    customer_key text not null,
    segment_key text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, connection_id),
    unique (tenant_id, account_id, livemode)
);

-- Every state in which an object was ever fetched, numbered from 1; equal states in a row are one version.
create table stripe_object_version (
    tenant_id bigint not null,
    connection_id bigint not null,
    kind text not null,
    object_id text not null,
    version_number integer not null check (version_number > 0),
    hash bytea not null,
    api_version text not null,
    created_at timestamptz,
    fetched_at timestamptz not null,
    is_deleted boolean not null,
    raw jsonb not null,
    primary key (tenant_id, connection_id, kind, object_id, version_number)
);

-- Which windows of a backfill are done: a killed one goes on where it stopped.
-- missing: kinds that the key may not read, or of which an object cannot be read; since: nothing older was asked for.
create table stripe_backfill (
    tenant_id bigint not null,
    connection_id bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    missing text[] not null,
    since timestamptz,
    objects bigint not null,
    new_versions bigint not null,
    primary key (tenant_id, connection_id, started_at)
);

create table stripe_backfill_window (
    tenant_id bigint not null,
    connection_id bigint not null,
    started_at timestamptz not null,
    kind text not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    objects bigint not null,
    new_versions bigint not null,
    finished_at timestamptz not null,
    primary key (tenant_id, connection_id, started_at, kind, window_start)
);

-- The mirror: one row per object in its newest version; made again from stripe_object_version alone.

create table stripe_object (
    tenant_id bigint not null,
    connection_id bigint not null,
    kind text not null,
    object_id text not null,
    version_number integer not null,
    hash bytea not null,
    is_deleted boolean not null,
    primary key (tenant_id, connection_id, kind, object_id)
);

create table stripe_customer (
    tenant_id bigint not null,
    connection_id bigint not null,
    stripe_customer_id text not null,
    name text,
    email text,
    currency text,
    own_id text,
    segment text,
    created_at timestamptz not null,
    is_deleted boolean not null,
    primary key (tenant_id, connection_id, stripe_customer_id)
);

create table stripe_product (
    tenant_id bigint not null,
    connection_id bigint not null,
    stripe_product_id text not null,
    name text not null,
    primary key (tenant_id, connection_id, stripe_product_id)
);

create table stripe_price (
    tenant_id bigint not null,
    connection_id bigint not null,
    price_id text not null,
    stripe_product_id text,
    name text,
    currency text not null,
    unit_amount_minor numeric,
    recurring_interval text,
    interval_count integer,
    is_metered boolean not null,
    primary key (tenant_id, connection_id, price_id)
);

create table subscription (
    tenant_id bigint not null,
    connection_id bigint not null,
    subscription_id text not null,
    stripe_customer_id text not null,
    status text not null,
    currency text not null,
    created_at timestamptz not null,
    started_at timestamptz not null,
    trial_ends_at timestamptz,
    cancels_at timestamptz,
    canceled_at timestamptz,
    ended_at timestamptz,
    primary key (tenant_id, connection_id, subscription_id)
);
create index subscription_customer on subscription (tenant_id, connection_id, stripe_customer_id);

create table subscription_item (
    tenant_id bigint not null,
    connection_id bigint not null,
    subscription_item_id text not null,
    subscription_id text not null,
    price_id text not null,
    quantity bigint,
    period_starts_at timestamptz not null,
    period_ends_at timestamptz not null,
    primary key (tenant_id, connection_id, subscription_item_id)
);
create index subscription_item_subscription on subscription_item (tenant_id, connection_id, subscription_id);

create table invoice (
    tenant_id bigint not null,
    connection_id bigint not null,
    invoice_id text not null,
    stripe_customer_id text not null,
    subscription_id text,
    number text,
    status text not null,
    currency text not null,
    subtotal_minor bigint not null,
    discount_minor bigint not null,
    tax_minor bigint not null,
    total_minor bigint not null,
    amount_due_minor bigint not null,
    amount_paid_minor bigint not null,
    amount_remaining_minor bigint not null,
    billing_reason text,
    attempt_count integer not null,
    next_attempt_at timestamptz,
    created_at timestamptz not null,
    finalized_at timestamptz,
    paid_at timestamptz,
    voided_at timestamptz,
    due_at timestamptz,
    primary key (tenant_id, connection_id, invoice_id)
);
create index invoice_customer on invoice (tenant_id, connection_id, stripe_customer_id, created_at desc, invoice_id);
create index invoice_order on invoice (tenant_id, created_at desc, invoice_id);

-- amount_minor: before discount, tax taken out where the price includes it; discount_minor is what the line is reduced by.
create table invoice_line (
    tenant_id bigint not null,
    connection_id bigint not null,
    invoice_id text not null,
    line_id text not null,
    description text,
    amount_minor bigint not null,
    discount_minor bigint not null,
    tax_minor bigint not null,
    currency text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    price_id text,
    stripe_product_id text,
    subscription_id text,
    quantity numeric,
    is_proration boolean not null,
    is_metered boolean not null,
    primary key (tenant_id, connection_id, invoice_id, line_id)
);

create table invoice_payment (
    tenant_id bigint not null,
    connection_id bigint not null,
    invoice_payment_id text not null,
    invoice_id text not null,
    payment_intent_id text,
    payment_id text,
    amount_paid_minor bigint,
    currency text not null,
    status text not null,
    created_at timestamptz not null,
    primary key (tenant_id, connection_id, invoice_payment_id)
);
create index invoice_payment_invoice on invoice_payment (tenant_id, connection_id, invoice_id);
create index invoice_payment_intent on invoice_payment (tenant_id, connection_id, payment_intent_id);

-- A charge at Stripe: one attempt to move money.
create table payment (
    tenant_id bigint not null,
    connection_id bigint not null,
    payment_id text not null,
    stripe_customer_id text,
    payment_intent_id text,
    amount_minor bigint not null,
    refunded_minor bigint not null,
    currency text not null,
    status text not null,
    failure_code text,
    decline_code text,
    advice_code text,
    card_brand text,
    card_last4 text,
    is_disputed boolean not null,
    balance_transaction_id text,
    created_at timestamptz not null,
    primary key (tenant_id, connection_id, payment_id)
);
create index payment_customer on payment (tenant_id, connection_id, stripe_customer_id, created_at desc, payment_id);
create index payment_intent on payment (tenant_id, connection_id, payment_intent_id);
create index payment_order on payment (tenant_id, created_at desc, payment_id);

create table refund (
    tenant_id bigint not null,
    connection_id bigint not null,
    refund_id text not null,
    payment_id text,
    amount_minor bigint not null,
    currency text not null,
    status text not null,
    reason text,
    balance_transaction_id text,
    created_at timestamptz not null,
    primary key (tenant_id, connection_id, refund_id)
);
create index refund_payment on refund (tenant_id, connection_id, payment_id);

create table dispute (
    tenant_id bigint not null,
    connection_id bigint not null,
    dispute_id text not null,
    payment_id text not null,
    amount_minor bigint not null,
    currency text not null,
    status text not null,
    reason text not null,
    due_at timestamptz,
    created_at timestamptz not null,
    primary key (tenant_id, connection_id, dispute_id)
);
create index dispute_payment on dispute (tenant_id, connection_id, payment_id);

create table credit_note (
    tenant_id bigint not null,
    connection_id bigint not null,
    credit_note_id text not null,
    invoice_id text not null,
    stripe_customer_id text not null,
    status text not null,
    currency text not null,
    total_minor bigint not null,
    excluding_tax_minor bigint not null,
    refund_ids text[] not null,
    created_at timestamptz not null,
    effective_at timestamptz not null,
    primary key (tenant_id, connection_id, credit_note_id)
);
create index credit_note_invoice on credit_note (tenant_id, connection_id, invoice_id);

-- line_id: the invoice line that is credited; null for a line of its own. amount_minor without tax.
create table credit_note_line (
    tenant_id bigint not null,
    connection_id bigint not null,
    credit_note_id text not null,
    credit_note_line_id text not null,
    line_id text,
    amount_minor bigint not null,
    primary key (tenant_id, connection_id, credit_note_id, credit_note_line_id)
);

-- exchange_rate: units of `currency` for one unit of the source's own currency; null where nothing was converted.
create table balance_transaction (
    tenant_id bigint not null,
    connection_id bigint not null,
    balance_transaction_id text not null,
    kind text not null,
    reporting_category text not null,
    source_id text,
    amount_minor bigint not null,
    fee_minor bigint not null,
    net_minor bigint not null,
    currency text not null,
    exchange_rate numeric,
    status text not null,
    created_at timestamptz not null,
    available_at timestamptz not null,
    primary key (tenant_id, connection_id, balance_transaction_id)
);
create index balance_transaction_source on balance_transaction (tenant_id, connection_id, source_id);
create index balance_transaction_order on balance_transaction (tenant_id, created_at desc, balance_transaction_id);

-- Facts of ours about them

-- A Stripe price gets its number here; 0 in books: no plan.
create table plan (
    tenant_id bigint not null references tenant,
    plan_id bigint generated always as identity,
    connection_id bigint not null,
    price_id text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, plan_id),
    unique (tenant_id, connection_id, price_id)
);

-- Whose Stripe customer this is: the highest match_number holds. how: by metadata, as a customer of its own, or by a person.
create table stripe_customer_match (
    tenant_id bigint not null,
    connection_id bigint not null,
    stripe_customer_id text not null,
    match_number integer not null check (match_number > 0),
    customer_id bigint not null,
    how text not null check (how in ('metadata', 'own row', 'person')),
    actor text not null,
    reason text,
    recorded_at timestamptz not null,
    primary key (tenant_id, connection_id, stripe_customer_id, match_number),
    foreign key (tenant_id, customer_id) references customer (tenant_id, customer_id)
);

-- rate: units of the reporting currency for one unit of `currency`.
create table fx_rate (
    tenant_id bigint not null references tenant,
    currency text not null check (currency ~ '^[a-z]{3}$'),
    rate_on date not null,
    source text not null check (source <> ''),
    rate numeric not null check (rate > 0),
    recorded_at timestamptz not null,
    primary key (tenant_id, currency, rate_on, source)
);

-- The rate that a document was first booked with: kept, so that a rate learned later changes no history.
create table document_rate (
    tenant_id bigint not null,
    connection_id bigint not null,
    document_id text not null,
    currency text not null,
    rate numeric not null check (rate > 0),
    rate_on date not null,
    source text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, connection_id, document_id)
);

-- A cost of revenue that is no call and no fee, per month in the reporting currency; ended by a later row of the same name.
create table shared_cost (
    tenant_id bigint not null references tenant,
    shared_cost_id bigint generated always as identity,
    name text not null check (name <> ''),
    amount_minor bigint not null check (amount_minor >= 0),
    from_month date not null check (extract(day from from_month) = 1),
    rule text not null check (rule in ('usage', 'revenue', 'evenly')),
    actor text not null,
    reason text not null check (reason <> ''),
    recorded_at timestamptz not null,
    primary key (tenant_id, shared_cost_id)
);
create index shared_cost_order on shared_cost (tenant_id, name, from_month, shared_cost_id);

-- Projections: what is booked per customer beside usage, from the mirror and the facts above.
-- kind: billing_core/bookings.py. amount_minor: in `currency`, revenue positive, costs positive in kinds of cost.
-- reporting_pico: in 10^-12 of the reporting currency, exact; unconverted_minor: the part of amount_minor without a rate.

create table booked_day (
    tenant_id bigint not null,
    customer_id bigint not null,
    day date not null,
    product_id bigint not null,
    plan_id bigint not null,
    kind text not null,
    currency text not null,
    amount_minor numeric not null,
    unconverted_minor numeric not null,
    reporting_pico numeric not null,
    primary key (tenant_id, customer_id, day, product_id, plan_id, kind, currency)
);

create table booked_month (
    tenant_id bigint not null,
    month date not null,
    customer_id bigint not null,
    product_id bigint not null,
    plan_id bigint not null,
    kind text not null,
    currency text not null,
    amount_minor numeric not null,
    unconverted_minor numeric not null,
    reporting_pico numeric not null,
    primary key (tenant_id, month, customer_id, product_id, plan_id, kind, currency)
);
create index booked_month_customer on booked_month (tenant_id, customer_id, month);

-- Which plan a customer had when, and what it was worth a month (exact minor units; discounts off; 0 in a trial).
create table plan_span (
    tenant_id bigint not null,
    connection_id bigint not null,
    subscription_id text not null,
    plan_id bigint not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    customer_id bigint not null,
    product_id bigint not null,
    quantity numeric not null,
    currency text not null,
    mrr_minor numeric not null,
    rate numeric,
    primary key (tenant_id, connection_id, subscription_id, plan_id, starts_at)
);
create index plan_span_customer on plan_span (tenant_id, customer_id, starts_at);
create index plan_span_time on plan_span (tenant_id, starts_at, ends_at);

-- What is true of a customer now: segment, newest plan, whether Stripe and usage know it.
create table customer_standing (
    tenant_id bigint not null,
    customer_id bigint not null,
    segment text,
    plan_id bigint not null,
    email text,
    first_paid_on date,
    status text not null,
    is_in_stripe boolean not null,
    primary key (tenant_id, customer_id)
);

-- What the books were checked for, and with what result.
create table books_check (
    tenant_id bigint not null,
    checked_at timestamptz not null,
    name text not null,
    outcome text not null check (outcome in ('holds', 'broken', 'unknown')),
    expected text not null,
    found text not null,
    rows jsonb not null,
    primary key (tenant_id, checked_at, name)
);
