set role millrace_owner;

create table sales.customers (
    id uuid primary key,
    number bigint generated always as identity unique,
    email text,
    first_name varchar(100) not null default '',
    last_name varchar(100) not null default '',
    country text,
    registration_date date not null,
    risk_score numeric(3, 2) not null default 0 check (risk_score between 0 and 1),
    loyalty_tier text not null default 'standard' check (loyalty_tier in ('standard', 'silver', 'gold', 'platinum')),
    external_ref text,
    erased_at timestamptz,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint customers_external_ref_key unique (origin, external_ref)
);
create unique index customers_email_key on sales.customers (lower(email));

create table sales.transactions (
    id uuid primary key,
    number bigint generated always as identity unique,
    customer_id uuid references sales.customers,
    site_id uuid not null references stock.sites,
    status text not null check (status in ('pending', 'approved', 'held', 'released', 'declined', 'failed', 'cancelled',
                                           'partially_refunded', 'refunded', 'disputed')),
    payment_method text check (payment_method in ('credit_card', 'debit_card', 'paypal', 'bank_transfer', 'cash', 'crypto')),
    session_ref varchar(50),
    currency char(3) not null,
    gross numeric(18, 4) not null check (gross >= 0),
    discount numeric(18, 4) not null check (discount >= 0),
    net numeric(18, 4) not null check (net >= 0),
    tax numeric(18, 4) not null check (tax >= 0),
    shipping numeric(18, 4) not null check (shipping >= 0),
    total numeric(18, 4) not null check (total >= 0),
    refunded_net numeric(18, 4) not null default 0 check (refunded_net >= 0),
    -- Sum of the lines' quantities and their number, kept so that a list needs no join with its lines.
    quantity numeric(18, 4) not null check (quantity > 0),
    line_count int not null check (line_count > 0),
    occurred_at timestamptz not null,
    recognised_at timestamptz,
    entry text not null check (entry in ('api', 'web', 'import')),
    external_ref text,
    import_id uuid,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint transactions_total_adds_up check (total = net + tax + shipping),
    constraint transactions_net_adds_up check (net = gross - discount),
    constraint transactions_external_ref_key unique (origin, external_ref)
);
create index on sales.transactions (occurred_at desc, id desc);
create index on sales.transactions (recognised_at) include (net, customer_id, currency) where recognised_at is not null;
create index on sales.transactions (customer_id, occurred_at desc);
create index on sales.transactions (status, occurred_at desc);
create index on sales.transactions (total, id);
create index on sales.transactions (session_ref) where session_ref is not null;
create index on sales.transactions (import_id) where import_id is not null;

create table sales.transaction_lines (
    transaction_id uuid not null references sales.transactions on delete cascade,
    line_no int not null check (line_no > 0),
    product_id uuid not null references sales.products on delete restrict,
    quantity numeric(18, 4) not null check (quantity > 0),
    list_price numeric(18, 4) not null check (list_price >= 0),
    unit_price numeric(18, 4) not null check (unit_price >= 0),
    discount numeric(18, 4) not null default 0 check (discount >= 0),
    net numeric(18, 4) not null check (net >= 0),
    tax numeric(18, 4) not null default 0 check (tax >= 0),
    refunded_quantity numeric(18, 4) not null default 0,
    occurred_at timestamptz not null,
    -- First 8 bytes of the SHA-256 of the imported row: tells "same" from "changed" on a second import.
    source_hash bigint,
    primary key (transaction_id, line_no),
    constraint lines_refunded_within_quantity check (refunded_quantity between 0 and quantity)
);
create index on sales.transaction_lines (product_id, transaction_id);

create table sales.transaction_events (
    id uuid primary key,
    transaction_id uuid not null references sales.transactions on delete cascade,
    at timestamptz not null,
    actor text not null,
    from_status text,
    to_status text not null,
    reason text,
    data jsonb
);
create index on sales.transaction_events (transaction_id, at);

create table sales.refunds (
    id uuid primary key,
    -- Null only for imported refunds whose sale is not known.
    transaction_id uuid references sales.transactions on delete cascade,
    kind text not null check (kind in ('return', 'cancel', 'chargeback', 'goodwill')),
    customer_id uuid references sales.customers,
    currency char(3) not null,
    refunded_at timestamptz not null,
    net numeric(18, 4) not null check (net >= 0),
    tax numeric(18, 4) not null default 0 check (tax >= 0),
    total numeric(18, 4) not null check (total >= 0),
    restock boolean not null default false,
    reason text,
    external_ref text,
    import_id uuid,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    created_at timestamptz not null
);
create index on sales.refunds (refunded_at) include (net, currency);
create index on sales.refunds (transaction_id);
create index on sales.refunds (origin, external_ref);
create index on sales.refunds (import_id) where import_id is not null;

create table sales.refund_lines (
    refund_id uuid not null references sales.refunds on delete cascade,
    line_no int not null check (line_no > 0),
    product_id uuid not null references sales.products on delete restrict,
    quantity numeric(18, 4) not null check (quantity > 0),
    net numeric(18, 4) not null check (net >= 0),
    tax numeric(18, 4) not null default 0 check (tax >= 0),
    -- The refund's own time again, so that a drill by day walks one index.
    refunded_at timestamptz not null,
    source_hash bigint,
    primary key (refund_id, line_no)
);
create index on sales.refund_lines (refunded_at, refund_id, line_no) include (net);
create index on sales.refund_lines (product_id);

-- Visits of the shop (`overview.md` 2.1): the denominator of conversion. No personal data.
create table sales.visits (
    id uuid not null,
    visited_at timestamptz not null,
    visitor_key text not null,
    customer_id uuid,
    session_ref varchar(50),
    source text,
    path text,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    primary key (id, visited_at)
) partition by range (visited_at);
create table sales.visits_default partition of sales.visits default;
create index on sales.visits (visited_at);
create index on sales.visits (session_ref, visited_at);
create index on sales.visits (customer_id, visited_at);

reset role;
