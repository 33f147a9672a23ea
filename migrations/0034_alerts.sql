set role millrace_owner;

-- One row a problem (`alerts.md` 2). Severity: 1 low, 2 medium, 3 high, 4 critical.
create table ops.alert_rules (
    id uuid primary key,
    -- Of a built-in rule.
    code text unique,
    name text not null,
    alert_type text not null check (alert_type ~ '^[a-z0-9_]{3,50}$'),
    feature text not null,
    entity_type text not null,
    metric_key text not null,
    spec jsonb not null,
    title text not null check (length(title) between 5 and 255),
    runbook text,
    action_path text,
    enabled boolean not null default true,
    next_look_at timestamptz not null,
    last_eval_at timestamptz,
    errors int not null default 0,
    changed_by text not null,
    changed_at timestamptz not null,
    deleted_at timestamptz,
    version int not null default 1
);
create index on ops.alert_rules (next_look_at) where enabled and deleted_at is null;

create table ops.alerts (
    id uuid primary key,
    number bigint generated always as identity unique,
    dedup_key text not null,
    rule_id uuid references ops.alert_rules,
    alert_type text not null check (alert_type ~ '^[a-z0-9_]{3,50}$'),
    feature text not null,
    severity smallint not null check (severity between 1 and 4),
    title text not null check (length(title) between 5 and 255),
    message text not null check (length(message) between 1 and 4000),
    entity_type text,
    entity_id text,
    entity_label text,
    state text not null default 'firing' check (state in ('firing', 'recovering', 'resolved')),
    value numeric,
    threshold numeric,
    unit text,
    occurrences int not null default 1 check (occurrences >= 1),
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    acked_at timestamptz,
    acked_by text,
    ack_note text,
    ack_until timestamptz,
    -- A running silence holds its messages back until then.
    silenced_until timestamptz,
    resolved_at timestamptz,
    resolved_by text,
    resolution text check (resolution in ('auto', 'manual', 'action', 'superseded', 'deleted')),
    resolution_note text,
    money_at_risk numeric(18, 4) check (money_at_risk >= 0),
    currency char(3),
    action_path text,
    source text not null check (source in ('rule', 'signal', 'manual')),
    deleted_at timestamptz,
    deleted_by text,
    constraint alerts_resolved_at_once check ((state = 'resolved') = (resolved_at is not null))
);
create unique index alerts_one_open on ops.alerts (dedup_key) where state <> 'resolved' and deleted_at is null;
create index alerts_open on ops.alerts (opened_at desc, id desc) where state <> 'resolved' and deleted_at is null;
create index on ops.alerts (opened_at desc, id desc);
create index on ops.alerts (severity desc, opened_at desc, id desc);
create index on ops.alerts (alert_type, opened_at desc);
create index on ops.alerts (dedup_key, opened_at desc);
create index on ops.alerts (entity_type, entity_id);
create index alerts_silenced on ops.alerts (silenced_until) where silenced_until is not null and state <> 'resolved';
create index on ops.alerts using gin (title public.gin_trgm_ops);

create table ops.alert_events (
    alert_id uuid not null references ops.alerts on delete cascade,
    seq int not null,
    at timestamptz not null,
    actor text not null,
    kind text not null check (kind in ('opened', 'seen', 'severity', 'recovering', 'refired', 'acked', 'unacked', 'comment',
                                       'silenced', 'notified', 'resolved', 'deleted')),
    data jsonb not null default '{}',
    primary key (alert_id, seq)
);
comment on table ops.alert_events is 'Append only; what is merely seen again is gathered to one a minute.';

create table ops.alert_instances (
    rule_id uuid not null references ops.alert_rules on delete cascade,
    entity_key text not null,
    entity_label text not null,
    state text not null check (state in ('normal', 'pending', 'firing', 'recovering', 'muted_until_recovery')),
    level smallint not null default 0,
    since timestamptz not null,
    breaches int not null default 0,
    first_breach_at timestamptz,
    last_breach_at timestamptz,
    clears int not null default 0,
    falls int not null default 0,
    last_value numeric,
    last_eval_at timestamptz not null,
    health text not null check (health in ('ok', 'no_data', 'error')),
    health_since timestamptz not null,
    errors int not null default 0,
    alert_id uuid references ops.alerts,
    primary key (rule_id, entity_key)
);
create index on ops.alert_instances (alert_id) where alert_id is not null;

create table ops.silences (
    id uuid primary key,
    matchers jsonb not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null check (length(reason) between 5 and 500),
    created_by text not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    constraint silences_at_most_thirty_days check (ends_at > starts_at and ends_at <= starts_at + interval '30 days')
);
create index on ops.silences (ends_at) where ended_at is null;

create table ops.notification_channels (
    id uuid primary key,
    name text not null,
    kind text not null check (kind in ('email', 'webhook')),
    format text check (format in ('generic', 'slack')),
    severity_min smallint not null check (severity_min between 1 and 4),
    -- Addresses, or address and secret, sealed; what may be shown of it stands in `target`.
    config_enc bytea not null,
    target text not null,
    enabled boolean not null default true,
    created_by text not null,
    created_at timestamptz not null,
    deleted_at timestamptz,
    last_ok_at timestamptz,
    last_error text,
    last_error_at timestamptz
);
create unique index notification_channels_name on ops.notification_channels (lower(name)) where deleted_at is null;

-- Messages: to a person (read in the inbox) or through a channel (the outbox).
create table ops.notifications (
    id uuid primary key,
    channel_id uuid references ops.notification_channels,
    user_id uuid references access.users on delete cascade,
    event text not null check (event in ('fired', 'severity_raised', 'resolved', 'silence_ended', 'test')),
    alert_id uuid references ops.alerts on delete cascade,
    -- The event of the alert that it tells of.
    seq int not null default 0,
    alert_type text not null,
    severity smallint not null check (severity between 1 and 4),
    title text not null,
    state text not null check (state in ('waiting', 'sending', 'delivered', 'failed', 'dead', 'suppressed')),
    -- Messages that went out as one share it; the receiver sees it as event_id.
    message_id uuid,
    digest boolean not null default false,
    attempts int not null default 0,
    next_attempt_at timestamptz,
    response_code int,
    error text,
    created_at timestamptz not null,
    delivered_at timestamptz,
    read_at timestamptz,
    constraint notifications_to_somebody check ((channel_id is null) <> (user_id is null)),
    constraint notifications_once unique nulls not distinct (channel_id, user_id, event, alert_id, seq)
);
create index notifications_due on ops.notifications (next_attempt_at) where state in ('waiting', 'sending', 'failed');
create index notifications_inbox on ops.notifications (user_id, created_at desc) where user_id is not null;
create index notifications_unread on ops.notifications (user_id) where user_id is not null and read_at is null;
create index notifications_sent on ops.notifications (channel_id, delivered_at) where channel_id is not null;
create index on ops.notifications (alert_id);

insert into ops.schedules (id, title, group_name, owner_feature, kind, every_seconds) values
    ('alert_evaluation', 'Look at what rules watch', 'alerts', 'alerts', 'alert_evaluation', 30);
insert into ops.schedules (id, title, group_name, owner_feature, kind, cron, enabled) values
    ('attention_digest', 'Mail what needs a hand', 'overview', 'overview', 'attention_digest', '30 7 * * *', false);

reset role;
