-- A limit of the way out says the operations of a scenario that let it go, and a run knows the plan that it forces
-- another figure on (planning.md 3.6 and 3.8).
set role millrace_owner;

alter table plan.plan_slacks add column ops jsonb not null default '[]' check (jsonb_typeof(ops) = 'array');

alter table plan.runs add column forced_from uuid references plan.plans on delete set null;
create index runs_forced_from on plan.runs (forced_from) where forced_from is not null;

reset role;
