-- What is kept of old plans (planning.md 2.1, 6): heads, costs and figures for ever, rows of plans that never held 180 days.
set role millrace_owner;

alter table plan.plans
    add column rows_removed_at timestamptz,
    -- What its rows said.
    add column shortage_tonnes numeric(30, 6);

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('planning_prune', 'Old plans and courses', 'planning', 'planning', 'planning_prune', '40 3 * * *');

reset role;
