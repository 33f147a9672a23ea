-- Plans that are proposed, decided by a second person, promoted (planning.md 3.8).
create extension if not exists btree_gist;

set role millrace_owner;

-- First to last day of the periods of a document, half-open; without dates all days there are.
create function plan.horizon(document jsonb) returns daterange language sql immutable as $$
    with periods as (
        select n, (p->>'start')::date as start, coalesce((p->>'days')::numeric, 30) as days
        from jsonb_array_elements(document->'periods') with ordinality as t (p, n)
    ), spans as (
        select n, start, sum(days) over (order by n) - days as before, sum(days) over () as all_days from periods
    )
    select coalesce((
        select daterange(start - floor(before)::int, start - floor(before)::int + greatest(1, ceil(all_days)::int))
        from spans where start is not null order by n limit 1), daterange(null, null))
$$;

alter table plan.plans
    -- The code of the network, or the name of the document that was brought.
    add column network text,
    add column horizon daterange,
    add column proposed_by text,
    add column proposed_by_id uuid,
    add column proposed_at timestamptz,
    add column decided_by text,
    add column decided_at timestamptz,
    add column reason text,
    -- Nobody else could have decided.
    add column single_person boolean not null default false,
    add column version int not null default 1;
update plan.plans p set network = p.name, horizon = plan.horizon(i.document)
from plan.runs r join plan.inputs i on i.id = r.input_id where r.id = p.run_id;
alter table plan.plans
    alter column network set not null,
    alter column horizon set not null,
    add constraint plans_one_promoted exclude using gist (network with =, horizon with &&) where (state = 'promoted'),
    add constraint plans_proposed_by_somebody check (state in ('draft', 'superseded') or proposed_by is not null),
    add constraint plans_decided_by_somebody check (state not in ('promoted', 'rejected') or decided_by is not null);
create index plans_recent on plan.plans (created_at desc, id desc);
create index plans_stirring on plan.plans (state) where state in ('proposed', 'promoted');

-- What people did with a plan, never changed.
create table plan.plan_reviews (
    id uuid primary key,
    -- In the order in which they were done.
    n bigint not null generated always as identity,
    plan_id uuid not null references plan.plans on delete cascade,
    person text not null,
    person_id uuid,
    decision text not null check (decision in ('proposed', 'withdrawn', 'promoted', 'rejected', 'superseded')),
    reason text,
    single_person boolean not null default false,
    at timestamptz not null
);
create index plan_reviews_plan on plan.plan_reviews (plan_id, n);
revoke update, delete on plan.plan_reviews from millrace_app, millrace_all;

reset role;
