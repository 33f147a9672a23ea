set role millrace_owner;

alter table sales.fraud_rule_sets
    add column version int not null default 1,
    -- Who edited it last, where that is a person: they may not publish it while somebody else could.
    add column edited_by_id uuid,
    add column edited_at timestamptz;
update sales.fraud_rule_sets set edited_at = created_at;
alter table sales.fraud_rule_sets alter column edited_at set not null;

-- What the set in shadow came to: its number, points, outcome, and the codes of the rules that hit.
alter table sales.fraud_decisions add column shadow jsonb;
create index fraud_decisions_in_time on sales.fraud_decisions (at desc, id);
create index fraud_decisions_shadowed on sales.fraud_decisions (((shadow ->> 'rule_set')::int), at desc) where shadow is not null;

create index fraud_list_entries_newest on sales.fraud_list_entries (created_at desc, id desc);

reset role;
