set role millrace_owner;

-- A learned score is chosen by its number.
alter table sales.fraud_models
    add column number int generated always as identity unique,
    -- What it was learned from; null: own sales.
    add column dataset text;

-- The learned probability of fraud, where the set used a score.
alter table sales.fraud_decisions add column learned_p numeric(7, 6) check (learned_p between 0 and 1);
-- What rules have hit is counted over all decisions ever; most sales hit none.
create index fraud_decisions_with_hits on sales.fraud_decisions (at desc) where hits <> '[]';

-- The run that tries it: a run that ends without it ends the backtest too.
alter table sales.fraud_backtests add column run_id uuid;

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('fraud_train', 'Learned score, learned anew', 'fraud', 'fraud', 'fraud_train', '0 3 * * 0');

reset role;
