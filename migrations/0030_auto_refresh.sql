-- How often a person's pages of figures look again by themselves, in seconds; 0: never.
set role millrace_owner;

alter table access.users add column auto_refresh_seconds int not null default 30
    constraint users_auto_refresh_is_a_choice check (auto_refresh_seconds in (0, 15, 30, 60, 300));

reset role;
