set role millrace_owner;

create table access.users (
    id uuid primary key,
    email text not null check (email = lower(email) and length(email) between 3 and 254),
    username text check (length(username) between 1 and 80),
    display_name text not null check (length(display_name) between 1 and 120),
    -- PHC string; null: signs in with nothing until a password is set.
    password_hash text,
    role text check (role in ('admin', 'planner', 'viewer')),
    is_active boolean not null default true,
    must_change_password boolean not null default false,
    locale text,
    time_zone text,
    totp_secret_enc bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint,
    last_login_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version int not null default 1
);
create unique index users_email_key on access.users (lower(email));
create unique index users_username_key on access.users (lower(username));
create index on access.users (id) where role = 'admin' and is_active;

create table access.grants (
    id uuid primary key,
    user_id uuid not null references access.users on delete cascade,
    permission_set text not null,
    scope_kind text not null check (scope_kind in ('all', 'dealers', 'nodes', 'teams')),
    scope_ids text[] not null,
    granted_by text not null,
    granted_at timestamptz not null,
    expires_at timestamptz,
    constraint grants_scope_is_not_empty check (scope_kind = 'all' or cardinality(scope_ids) > 0),
    constraint grants_once unique (user_id, permission_set, scope_kind)
);

-- A row without user is a browser that has not signed in but has a refused form to see again.
create table access.sessions (
    id_hash bytea primary key check (length(id_hash) = 32),
    kind text not null check (kind in ('web', 'jwt')),
    user_id uuid references access.users on delete cascade,
    data jsonb not null default '{}',
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    absolute_expires_at timestamptz not null,
    mfa_at timestamptz,
    ip inet,
    user_agent text check (length(user_agent) <= 400),
    revoked_at timestamptz,
    revoked_reason text
);
create index on access.sessions (user_id) where revoked_at is null;
create index on access.sessions (expires_at);

create table access.api_tokens (
    id uuid primary key,
    user_id uuid not null references access.users on delete cascade,
    name text not null check (length(name) between 1 and 80),
    token_hash bytea not null unique check (length(token_hash) = 32),
    -- First characters of the secret part, so that people can tell tokens apart.
    prefix text not null check (length(prefix) <= 8),
    scopes text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    last_used_ip inet,
    revoked_at timestamptz,
    replaces_id uuid references access.api_tokens
);
create index on access.api_tokens (user_id, created_at desc);

create table access.one_time_links (
    token_hash bytea primary key check (length(token_hash) = 32),
    kind text not null check (kind in ('setup', 'invite', 'password_reset')),
    user_id uuid references access.users on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz,
    created_by uuid
);

-- The typed name is kept as a keyed hash only: people type passwords into that field.
create table access.login_attempts (
    id bigint generated always as identity primary key,
    account_key bytea not null,
    ip inet,
    ok boolean not null,
    at timestamptz not null
);
create index on access.login_attempts (account_key, ip, at);
create index on access.login_attempts (ip, at);
create index on access.login_attempts (account_key, at);

-- Accounts and secrets are nothing for the reporting role.
revoke all on all tables in schema access from millrace_read;

reset role;
