-- The first tables. Rules that hold for all of them (docs/database.md): tenant_id leads every key, facts are
-- appended with recorded_at, projections carry natural keys only, no triggers, no extension.

-- Global: found before a tenant is known (docs/decisions/0003). Scope 0 is the installation itself.

create table tenant (
    tenant_id bigint generated always as identity primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    name text not null check (name <> ''),
    reporting_currency text not null check (reporting_currency ~ '^[a-z]{3}$'),
    is_demo boolean not null,
    recorded_at timestamptz not null
);

create table user_account (
    user_id bigint generated always as identity primary key,
    email text not null check (email <> ''),
    name text not null,
    password_hash text,
    failed_sign_ins integer not null default 0,
    locked_until timestamptz,
    recorded_at timestamptz not null
);
create unique index user_account_email on user_account (lower(email));

create table membership (
    tenant_id bigint not null references tenant,
    user_id bigint not null references user_account,
    role text not null check (role in ('owner', 'finance', 'support', 'viewer')),
    recorded_at timestamptz not null,
    primary key (tenant_id, user_id)
);
create index membership_user on membership (user_id, tenant_id);

-- valid_from null: nobody knows the first day. bands: rates by context size, [[above, {class: pico-USD}], …].
create table catalogue_price (
    price_version_id bigint generated always as identity (maxvalue 999999999) primary key,
    version text not null unique,
    provider text not null,
    model text not null,
    mode text not null,
    valid_from timestamptz,
    bands jsonb not null,
    source text not null,
    recorded_at timestamptz not null
);

create table tenant_due (
    tenant_id bigint not null references tenant,
    job text not null,
    due_at timestamptz not null,
    primary key (tenant_id, job)
);
create index tenant_due_order on tenant_due (job, due_at);

-- People's sessions

create table sign_in_session (
    tenant_id bigint not null,
    session_hash bytea not null,
    user_id bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    primary key (tenant_id, session_hash),
    foreign key (tenant_id, user_id) references membership (tenant_id, user_id)
);
create index sign_in_session_expiry on sign_in_session (tenant_id, expires_at);

-- Words of a tenant: customers and what usage is cut by

create table customer (
    tenant_id bigint not null references tenant,
    customer_id bigint generated always as identity,
    name text not null check (name <> ''),
    recorded_at timestamptz not null,
    primary key (tenant_id, customer_id)
);

create table customer_alias (
    tenant_id bigint not null,
    source text not null,
    external_id text not null check (external_id <> ''),
    customer_id bigint not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, source, external_id),
    foreign key (tenant_id, customer_id) references customer (tenant_id, customer_id)
);
create index customer_alias_customer on customer_alias (tenant_id, customer_id);

create table product (
    tenant_id bigint not null references tenant,
    product_id bigint generated always as identity,
    name text not null check (name <> ''),
    recorded_at timestamptz not null,
    primary key (tenant_id, product_id),
    unique (tenant_id, name)
);

create table usage_source (
    tenant_id bigint not null references tenant,
    source_id bigint generated always as identity,
    name text not null check (name <> ''),
    recorded_at timestamptz not null,
    primary key (tenant_id, source_id),
    unique (tenant_id, name)
);

-- One row per distinct combination of what a call was for and how it was made; ledger and rollups carry its number.
create table usage_dimension (
    tenant_id bigint not null,
    dimension_id bigint generated always as identity,
    product_id bigint,
    feature text,
    provider text not null,
    model text not null,
    service_tier text,
    batch boolean,
    speed text,
    region text,
    search_context_size text,
    api_key text,
    project text,
    recorded_at timestamptz not null,
    primary key (tenant_id, dimension_id),
    unique nulls not distinct (tenant_id, provider, model, product_id, feature, service_tier, batch, speed, region,
                               search_context_size, api_key, project),
    foreign key (tenant_id, product_id) references product (tenant_id, product_id)
);

-- A tenant's own (negotiated) prices; their numbers start above the catalogue's.
create table own_price (
    tenant_id bigint not null references tenant,
    price_version_id bigint generated always as identity (start with 1000000000),
    version text not null,
    provider text not null,
    model text not null,
    mode text not null,
    region text,
    valid_from timestamptz not null,
    valid_until timestamptz check (valid_until > valid_from),
    bands jsonb not null,
    reason text not null check (reason <> ''),
    actor text not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, price_version_id),
    unique (tenant_id, version)
);

-- Facts of usage

create sequence usage_event_block increment by 1000000 minvalue 0 start with 0;

-- Claimed first: a key counts once for ever, whatever time its event names.
create table usage_key (
    tenant_id bigint not null,
    source_id bigint not null,
    key text not null,
    body_hash bigint not null,
    occurred_at timestamptz not null,
    event_id bigint not null,
    primary key (tenant_id, source_id, key)
);

-- customer_id 0: the event names no customer. price_version_id 0: no price of ours (cost reported by the provider, or unpriced).
-- cost_pico_usd null: unpriced. No foreign keys: the pipeline resolves the numbers in the same transaction (docs/decisions/0006).
create table usage_event (
    tenant_id bigint not null,
    occurred_at timestamptz not null,
    event_id bigint not null,
    recorded_at timestamptz not null,
    source_id bigint not null,
    customer_id bigint not null,
    dimension_id bigint not null,
    price_version_id bigint not null,
    cost_pico_usd bigint check (cost_pico_usd >= 0),
    list_pico_usd bigint check (list_pico_usd >= 0),
    known_pico_usd bigint check (known_pico_usd >= 0),
    calls bigint not null check (calls > 0),
    input bigint, input_audio bigint, input_image bigint, input_video bigint,
    cache_read bigint, cache_read_audio bigint, cache_read_image bigint,
    cache_write bigint, cache_write_5m bigint, cache_write_1h bigint,
    output bigint, output_audio bigint, output_image bigint, output_video bigint,
    requests bigint, web_search bigint, file_search bigint,
    key text not null,
    unpriced_reason text,
    end_user text,
    tags jsonb,
    primary key (tenant_id, customer_id, occurred_at, event_id)
) partition by range (occurred_at);
create index usage_event_unpriced on usage_event (tenant_id, occurred_at, event_id) where cost_pico_usd is null;

-- The provider's own usage block, droppable by age month by month.
create table usage_raw (
    tenant_id bigint not null,
    occurred_at timestamptz not null,
    event_id bigint not null,
    block jsonb not null,
    primary key (tenant_id, occurred_at, event_id)
) partition by range (occurred_at);

-- Same key, other body: kept for a person to decide; never counted.
create table usage_conflict (
    tenant_id bigint not null,
    source_id bigint not null,
    key text not null,
    body_hash bigint not null,
    occurred_at timestamptz not null,
    customer_id bigint not null,
    dimension_id bigint not null,
    cost_pico_usd bigint,
    tokens jsonb not null,
    recorded_at timestamptz not null,
    primary key (tenant_id, source_id, key, body_hash)
);
create index usage_conflict_order on usage_conflict (tenant_id, recorded_at, source_id, key);

-- Rows that could not be read as usage. `fields` holds mapped columns only, never a text of the call.
create table quarantine (
    tenant_id bigint not null,
    source_id bigint not null,
    row_hash bigint not null,
    origin text not null,
    line_number bigint not null,
    reason text not null,
    sentence text not null,
    fields jsonb,
    recorded_at timestamptz not null,
    primary key (tenant_id, source_id, row_hash)
);
create index quarantine_order on quarantine (tenant_id, recorded_at, source_id, row_hash);

-- Projections of usage: made from usage_event alone, in the same transaction (billing_core/store/sql/rollup.sql)

-- Half of each page stays free: every batch of a month changes the same rows again, and finds room beside them.
create table usage_cost_month (
    tenant_id bigint not null,
    month date not null,
    customer_id bigint not null,
    product_id bigint not null,
    calls bigint not null,
    unpriced_calls bigint not null,
    tokens numeric not null,
    unpriced_tokens numeric not null,
    cost_pico_usd numeric not null,
    list_pico_usd numeric not null,
    known_pico_usd numeric not null,
    primary key (tenant_id, month, customer_id, product_id)
) with (fillfactor = 50);
create index usage_cost_month_customer on usage_cost_month (tenant_id, customer_id, month);

create table usage_cost_day (
    tenant_id bigint not null,
    day date not null,
    customer_id bigint not null,
    product_id bigint not null,
    calls bigint not null,
    unpriced_calls bigint not null,
    tokens numeric not null,
    unpriced_tokens numeric not null,
    cost_pico_usd numeric not null,
    list_pico_usd numeric not null,
    known_pico_usd numeric not null,
    primary key (tenant_id, customer_id, day, product_id)
);

-- Fine, by customer and day.
create table usage_day (
    tenant_id bigint not null,
    customer_id bigint not null,
    day date not null,
    dimension_id bigint not null,
    price_version_id bigint not null,
    calls bigint not null,
    unpriced_calls bigint not null,
    unpriced_tokens numeric not null,
    cost_pico_usd numeric not null,
    list_pico_usd numeric not null,
    known_pico_usd numeric not null,
    input numeric not null, input_audio numeric not null, input_image numeric not null, input_video numeric not null,
    cache_read numeric not null, cache_read_audio numeric not null, cache_read_image numeric not null,
    cache_write numeric not null, cache_write_5m numeric not null, cache_write_1h numeric not null,
    output numeric not null, output_audio numeric not null, output_image numeric not null, output_video numeric not null,
    requests numeric not null, web_search numeric not null, file_search numeric not null,
    primary key (tenant_id, customer_id, day, dimension_id, price_version_id)
);
create index usage_day_time on usage_day using brin (day);

-- Fine, by hour, all customers together; one customer's hours are read from the ledger's primary key (docs/decisions/0006).
create table usage_hour (
    tenant_id bigint not null,
    hour timestamptz not null,
    dimension_id bigint not null,
    price_version_id bigint not null,
    calls bigint not null,
    unpriced_calls bigint not null,
    unpriced_tokens numeric not null,
    cost_pico_usd numeric not null,
    list_pico_usd numeric not null,
    known_pico_usd numeric not null,
    input numeric not null, input_audio numeric not null, input_image numeric not null, input_video numeric not null,
    cache_read numeric not null, cache_read_audio numeric not null, cache_read_image numeric not null,
    cache_write numeric not null, cache_write_5m numeric not null, cache_write_1h numeric not null,
    output numeric not null, output_audio numeric not null, output_image numeric not null, output_video numeric not null,
    requests numeric not null, web_search numeric not null, file_search numeric not null,
    primary key (tenant_id, hour, dimension_id, price_version_id)
);

-- Acts, jobs, audit

-- One row per human intent; a worker executes it and writes the outcome.
create table command (
    tenant_id bigint not null references tenant,
    command_id uuid not null,
    kind text not null,
    idempotency_key text not null check (idempotency_key <> ''),
    body_hash bytea not null,
    body jsonb not null,
    target text not null,
    actor text not null,
    role text not null,
    reason text not null,
    state text not null check (state in ('asked', 'running', 'done', 'refused', 'unknown')),
    asked_at timestamptz not null,
    claimed_at timestamptz,
    claimed_by text,
    finished_at timestamptz,
    outcome jsonb,
    primary key (tenant_id, command_id),
    unique (tenant_id, idempotency_key)
);
create unique index command_open_target on command (tenant_id, kind, target) where state in ('asked', 'running', 'unknown');
create index command_queue on command (tenant_id, asked_at) where state = 'asked';

-- tenant_id 0: a job of the installation itself. One row per job and due time is the proof that it ran once.
create table job_run (
    tenant_id bigint not null,
    job text not null,
    due_at timestamptz not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    worker text not null,
    outcome text not null check (outcome in ('running', 'succeeded', 'failed', 'abandoned')),
    summary jsonb,
    error text,
    primary key (tenant_id, job, due_at)
);
create index job_run_order on job_run (tenant_id, due_at desc, job);

-- previous_seal and seal: room for the chain that will make deletions visible.
create table audit (
    tenant_id bigint not null,
    audit_id bigint generated always as identity,
    recorded_at timestamptz not null,
    actor text not null,
    role text not null,
    act text not null,
    target text not null,
    reason text,
    before jsonb,
    after jsonb,
    previous_seal bytea,
    seal bytea,
    primary key (tenant_id, audit_id)
);
create index audit_order on audit (tenant_id, recorded_at, audit_id);

-- Partitions are made by the owner, on request of import and worker, and stay shut for everybody else:
-- row level security without a policy and without a grant, so that only the parent's policies lead in.
create function make_month_partitions(month date) returns void
language plpgsql security definer set search_path = marginbook, pg_temp as $$
declare
    first_day date := date_trunc('month', month)::date;
    parent text;
    child text;
begin
    if first_day < date '2020-01-01' or first_day > (date_trunc('month', current_timestamp at time zone 'UTC') + interval '13 months')::date then
        raise exception 'No partition for %: usage is kept from 2020-01 to a year ahead.', first_day
            using errcode = 'check_violation';
    end if;
    perform pg_advisory_xact_lock(hashtext('marginbook.make_month_partitions'));
    foreach parent in array array['usage_event', 'usage_raw'] loop
        child := parent || '_' || to_char(first_day, 'YYYYMM');
        -- Asked of the catalogue's rows: to_regclass may remember from before the lock that there was none.
        if not exists (select from pg_catalog.pg_class
                       where relname = child and relnamespace = 'marginbook'::regnamespace) then
            execute format('create table %I (like %I including defaults including constraints including indexes)', child, parent);
            execute format('alter table %I enable row level security', child);
            execute format('alter table %I force row level security', child);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child,
                           first_day::timestamp at time zone 'UTC', (first_day + interval '1 month')::timestamp at time zone 'UTC');
        end if;
    end loop;
end
$$;
revoke all on function make_month_partitions(date) from public;
grant execute on function make_month_partitions(date) to marginbook_app;
grant usage on sequence usage_event_block to marginbook_app;
