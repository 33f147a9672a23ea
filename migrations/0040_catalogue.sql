set role millrace_owner;

alter table sales.products
    add column dimensions varchar(100),
    add column warranty_months int check (warranty_months >= 0),
    -- Who changed it last, as a stale change is told.
    add column updated_by text;

-- The catalogue's order.
create index products_name on sales.products (name, id);
create index products_category on sales.products (category_id) where category_id is not null;

reset role;
