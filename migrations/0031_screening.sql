set role millrace_owner;

-- What a sale is judged by. Set 0 and 1 are written by the program at its first start; a set that was live or in shadow
-- is never changed again.
create table sales.fraud_rule_sets (
    id uuid primary key,
    number int not null unique check (number >= 0),
    name text not null,
    state text not null check (state in ('draft', 'live', 'shadow', 'retired')),
    review_at numeric(6, 2) check (review_at between 0 and 100),
    hold_at numeric(6, 2) check (hold_at between 0 and 100),
    decline_at numeric(6, 2) check (decline_at between 0 and 100),
    content_hash text not null,
    edited_by text,
    published_by text,
    published_at timestamptz,
    note text,
    created_at timestamptz not null,
    constraint rule_sets_rising check (coalesce(review_at, 0) <= coalesce(hold_at, 100)
                                       and coalesce(hold_at, 0) <= coalesce(decline_at, 100)
                                       and coalesce(review_at, 0) <= coalesce(decline_at, 100))
);
create unique index fraud_rule_sets_one_live on sales.fraud_rule_sets (state) where state = 'live';
create unique index fraud_rule_sets_one_shadow on sales.fraud_rule_sets (state) where state = 'shadow';

create table sales.fraud_rules (
    rule_set_id uuid not null references sales.fraud_rule_sets on delete cascade,
    code varchar(50) not null,
    name text not null,
    text text not null,
    expression jsonb not null,
    points numeric(6, 2) not null check (points between 0 and 100),
    -- The points are multiplied with this feature.
    times text,
    enabled boolean not null default true,
    position int not null,
    primary key (rule_set_id, code)
);

create table sales.fraud_decisions (
    id uuid primary key,
    transaction_id uuid not null references sales.transactions on delete cascade,
    rule_set_id uuid references sales.fraud_rule_sets,
    features jsonb not null,
    hits jsonb not null,
    points numeric(6, 2) not null,
    outcome text not null check (outcome in ('approve', 'review', 'hold', 'decline')),
    -- Why there are no points: screening failed or ran out of time.
    fault text check (fault in ('screening_unavailable', 'no_exchange_rate')),
    took_ms int not null,
    engine_version text not null,
    at timestamptz not null
);
comment on table sales.fraud_decisions is 'Append only.';
create index on sales.fraud_decisions (transaction_id, at desc);

alter table sales.transactions
    add column decision_id uuid,
    add column is_suspicious boolean not null default false,
    add column fraud_score numeric(3, 2) not null default 0 check (fraud_score between 0 and 1),
    add column hold_expires_at timestamptz;
create index transactions_suspicious on sales.transactions (occurred_at desc) where is_suspicious;
create index transactions_terminal on sales.transactions (terminal_id, occurred_at) where terminal_id is not null;
create index transactions_ip on sales.transactions (ip_address, occurred_at) where ip_address is not null;

create table sales.fraud_cases (
    id uuid primary key,
    transaction_id uuid not null references sales.transactions on delete cascade,
    reason text not null check (reason in ('review', 'hold', 'flagged', 'screening_unavailable')),
    state text not null default 'open' check (state in ('open', 'claimed', 'escalated', 'snoozed', 'closed')),
    -- Points as a share of the total, in base currency.
    expected_loss numeric(18, 4) not null default 0 check (expected_loss >= 0),
    due_at timestamptz not null,
    claimed_by uuid,
    claimed_name text,
    claim_expires_at timestamptz,
    snoozed_until timestamptz,
    verdict text check (verdict in ('confirmed_fraud', 'legitimate', 'inconclusive')),
    verdict_reason text,
    closed_at timestamptz,
    created_at timestamptz not null,
    version int not null default 1,
    constraint cases_closed_with_verdict check ((state = 'closed') = (verdict is not null and closed_at is not null))
);
create unique index fraud_cases_one_open on sales.fraud_cases (transaction_id) where state <> 'closed';
create index fraud_cases_queue on sales.fraud_cases (expected_loss desc, created_at) where state <> 'closed';

create table sales.fraud_case_events (
    case_id uuid not null references sales.fraud_cases on delete cascade,
    seq int not null,
    at timestamptz not null,
    actor text not null,
    kind text not null check (kind in ('opened', 'note', 'claim', 'unclaim', 'escalate', 'snooze', 'decide')),
    data jsonb not null default '{}',
    primary key (case_id, seq)
);

create table sales.fraud_list_entries (
    id uuid primary key,
    list text not null check (list in ('block', 'allow')),
    subject text not null check (subject in ('customer', 'email_domain', 'ip_range', 'payment_fingerprint', 'terminal', 'device')),
    value text not null check (value <> ''),
    reason text not null,
    expires_at timestamptz,
    by text not null,
    created_at timestamptz not null,
    constraint list_entries_allow_ends check (list = 'block' or expires_at is not null),
    constraint list_entries_key unique (list, subject, value)
);

create table sales.amount_stats (
    day date not null,
    -- `all` or the id of a category.
    scope text not null,
    -- Of the lines of 90 days; null below 200.
    p995_line_amount numeric(18, 4),
    n int not null,
    -- Of the first orders of 365 days; null below 100.
    p95_first_order numeric(18, 4),
    n_first int not null default 0,
    built_at timestamptz not null,
    primary key (day, scope)
);

reset role;
