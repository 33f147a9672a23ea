set role millrace_owner;

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('fraud_amount_stats', 'Usual amounts for screening', 'fraud', 'fraud', 'fraud_amount_stats', '10 0 * * *');

reset role;
