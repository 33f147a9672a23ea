-- A dealer whose system does not answer is fetched where it keeps no other waiting (dealers.md 3.9).

set role millrace_owner;

alter table dealer.main_dealers
    -- Of one attempt.
    add column timeout_seconds int not null default 45 check (timeout_seconds between 1 and 300);

reset role;
