set role millrace_owner;

-- What a user put off on the attention list (`overview.md` 3.9). The items themselves are nowhere: they are looked
-- up anew each time, and an item comes back with its full age.
create table ops.attention_snoozes (
    user_id uuid not null,
    item_key text not null check (length(item_key) between 1 and 200),
    -- How grave the item was then: one that has become graver since is a new matter and stands again at once.
    severity text not null check (severity in ('critical', 'high', 'medium', 'low')),
    snoozed_at timestamptz not null,
    until timestamptz not null,
    primary key (user_id, item_key),
    constraint attention_snoozes_at_most_seven_days check (until > snoozed_at and until <= snoozed_at + interval '7 days')
);
create index attention_snoozes_until on ops.attention_snoozes (until);

reset role;
