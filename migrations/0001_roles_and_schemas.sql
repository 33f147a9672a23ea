-- Roles belong to the whole cluster, so another database may make them at the same moment:
-- every creation tolerates "already there".
do $$
declare
    r text;
begin
    foreach r in array array['millrace_owner', 'millrace_app', 'millrace_read', 'millrace_all'] loop
        if not exists (select from pg_roles where rolname = r) then
            begin
                execute format('create role %I nologin nosuperuser nobypassrls', r);
            exception when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;
    -- The login role must be able to become the owner (migrations) and the app role (everything else).
    foreach r in array array['millrace_owner', 'millrace_app', 'millrace_all'] loop
        if not pg_has_role(current_user, r, 'MEMBER') then
            begin
                execute format('grant %I to %I', r, current_user);
            exception when unique_violation then null;
            end;
        end if;
    end loop;
    execute format('grant create, connect, temporary on database %I to millrace_owner', current_database());
    execute format('grant connect, temporary on database %I to millrace_app, millrace_all, millrace_read', current_database());
end $$;

create extension if not exists pg_trgm;

set role millrace_owner;

create schema access;
create schema ops;
create schema sales;
create schema stock;

grant usage on schema access, ops, sales, stock to millrace_app, millrace_all;
grant usage on schema ops, sales, stock to millrace_read;

alter default privileges in schema access, ops, sales, stock
    grant select, insert, update, delete on tables to millrace_app, millrace_all;
alter default privileges in schema access, ops, sales, stock
    grant usage, select, update on sequences to millrace_app, millrace_all;
alter default privileges in schema ops, sales, stock
    grant select on tables to millrace_read;

-- UUID v7 for set-based inserts: the time part comes from the caller, not from the database's clock.
create function ops.uuid_v7(at timestamptz) returns uuid
language sql volatile parallel safe
as $$
    select encode(
        set_byte(
            set_byte(
                overlay(random placing substring(int8send((extract(epoch from at) * 1000)::bigint) from 3) from 1 for 6),
                6, 112 | (get_byte(random, 6) & 15)),
            8, 128 | (get_byte(random, 8) & 63)),
        'hex')::uuid
    from (select uuid_send(gen_random_uuid()) as random) as r
$$;

reset role;
