set role millrace_owner;

-- What a person wants to be told of a feature; without a row everything, in the inbox and by e-mail.
create table ops.notification_preferences (
    user_id uuid not null references access.users on delete cascade,
    feature text not null,
    min_severity smallint not null check (min_severity between 1 and 4),
    in_app boolean not null,
    email boolean not null,
    primary key (user_id, feature)
);

reset role;
