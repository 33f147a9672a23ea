set role millrace_owner;

-- How a customer buys: recognised sales of 365 days, net after discount plus tax, in base currency.
create table sales.customer_purchase_patterns (
    customer_id uuid primary key references sales.customers on delete cascade,
    average_transaction_amount numeric(18, 4),
    median_transaction_amount numeric(18, 4),
    stddev_transaction_amount numeric(18, 4),
    p90_amount numeric(18, 4),
    -- Those without a rate of their day count here and in no amount.
    total_transactions int not null check (total_transactions > 0),
    last_purchase_at timestamptz not null,
    avg_time_between_purchases interval,
    favorite_categories jsonb not null,
    typical_purchase_hours int[] not null,
    currency char(3) not null,
    zone text not null,
    updated_at timestamptz not null
);

insert into ops.schedules (id, title, group_name, owner_feature, kind, cron) values
    ('customer_patterns', 'How customers buy', 'customers', 'customers', 'customer_patterns', '0 */4 * * *');

reset role;
