set role millrace_owner;

-- Who is told of what, looked at in order (`alerts.md` 2). Without a route that matches, the owner of the rule and the
-- administrators are told.
create table ops.notification_routes (
    id uuid primary key,
    position int not null check (position >= 1),
    matchers jsonb not null,
    channel_ids uuid[] not null,
    recipients jsonb not null,
    group_by text[] not null,
    group_wait_seconds int not null check (group_wait_seconds between 0 and 3600),
    group_interval_seconds int not null check (group_interval_seconds between 0 and 86400),
    repeat_seconds int check (repeat_seconds between 60 and 604800),
    steps jsonb not null,
    continues boolean not null,
    enabled boolean not null,
    constraint notification_routes_in_order unique (position) deferrable initially deferred
);

-- The version of the whole list: one row.
create table ops.notification_route_list (
    one boolean primary key default true check (one),
    version int not null default 1,
    changed_by text,
    changed_at timestamptz
);
insert into ops.notification_route_list (one) values (true);

-- What each channel was set to becomes a route, so that nobody stops being told.
insert into ops.notification_routes (id, position, matchers, channel_ids, recipients, group_by, group_wait_seconds,
                                     group_interval_seconds, steps, continues, enabled)
select ops.uuid_v7(created_at), row_number() over (order by created_at, id),
       jsonb_build_array(jsonb_build_object('field', 'severity_min', 'values',
           jsonb_build_array((array['low', 'medium', 'high', 'critical'])[severity_min]))),
       array[id], '{"roles": ["admin"]}', array['alert_type'], 30, 0, '[]', true, true
from ops.notification_channels where deleted_at is null;
alter table ops.notification_channels drop column severity_min;

alter table ops.alert_rules add column owner_id uuid references access.users on delete set null;

-- Messages of one group go as one; the route that a message came by may be gone.
alter table ops.notifications
    add column route_id uuid,
    add column group_key text,
    drop constraint notifications_event_check,
    add constraint notifications_event_check
        check (event in ('fired', 'severity_raised', 'resolved', 'silence_ended', 'escalated', 'repeat', 'test'));
update ops.notifications set group_key = alert_type where channel_id is not null;
create index notifications_group on ops.notifications (channel_id, event, group_key, delivered_at) where channel_id is not null;

alter table ops.alert_events
    drop constraint alert_events_kind_check,
    add constraint alert_events_kind_check
        check (kind in ('opened', 'seen', 'severity', 'recovering', 'refired', 'acked', 'unacked', 'comment', 'assigned',
                        'silenced', 'notified', 'escalated', 'resolved', 'deleted'));

-- Who is told next while nobody takes the alert; written with the alert, as its routes say then.
create table ops.alert_steps (
    alert_id uuid not null references ops.alerts on delete cascade,
    step int not null check (step >= 1),
    route_id uuid not null,
    due_at timestamptz not null,
    channel_ids uuid[] not null,
    recipients jsonb not null,
    fired_at timestamptz,
    outcome text check (outcome in ('fired', 'cancelled', 'silenced')),
    primary key (alert_id, step),
    constraint alert_steps_fired_at_once check ((outcome is not distinct from 'fired') = (fired_at is not null))
);
create index alert_steps_due on ops.alert_steps (due_at) where outcome is null;

reset role;
