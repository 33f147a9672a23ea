set role millrace_owner;

-- Where a sale was made, kept from the first sale on because screening judges by history.
alter table sales.transactions
    add column terminal_id varchar(64),
    add column device_id varchar(64),
    add column ip_address inet,
    add column user_agent varchar(400);

-- The list's search: a reference or a number as typed, from its beginning.
create index transactions_external_ref_prefix on sales.transactions (external_ref text_pattern_ops)
    where external_ref is not null;
create index customers_external_ref_prefix on sales.customers (external_ref text_pattern_ops)
    where external_ref is not null;
create index customers_name_trigram on sales.customers
    using gin ((first_name || ' ' || last_name || ' ' || coalesce(email, '')) public.gin_trgm_ops);
create index products_sku_prefix on sales.products (sku text_pattern_ops);

-- Filter by payment in the list's order.
create index transactions_payment_occurred on sales.transactions (payment_method, occurred_at desc);

reset role;
