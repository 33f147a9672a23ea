-- Rehearsals of trouble and what was seen of them (overview.md 3.12).
set role millrace_owner;

create table ops.drill_runs (
    id uuid primary key,
    started_by text not null,
    started_at timestamptz not null,
    ended_at timestamptz check (ended_at >= started_at),
    faults jsonb not null,
    checks jsonb not null default '[]',
    passed int not null default 0 check (passed >= 0),
    failed int not null default 0 check (failed >= 0)
);
create index on ops.drill_runs (started_at desc);

reset role;
