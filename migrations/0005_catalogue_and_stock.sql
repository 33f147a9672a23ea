set role millrace_owner;

create table sales.categories (
    id uuid primary key,
    name text not null,
    parent_id uuid references sales.categories,
    is_active boolean not null default true,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    version int not null default 1
);
create unique index categories_name_key on sales.categories (lower(name));

create table sales.products (
    id uuid primary key,
    sku varchar(50) not null constraint products_sku_key unique check (sku = upper(sku) and sku <> ''),
    name varchar(255) not null,
    category_id uuid references sales.categories,
    kind text not null default 'stocked' check (kind in ('stocked', 'service')),
    description text,
    unit text not null default 'each',
    price numeric(18, 4) not null check (price >= 0),
    cost numeric(18, 4) check (cost >= 0),
    currency char(3) not null,
    weight_kg numeric(12, 3) check (weight_kg > 0),
    barcode varchar(50) unique,
    is_active boolean not null default true,
    external_ref text unique,
    deleted_at timestamptz,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    version int not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index on sales.products using gin ((sku || ' ' || name) public.gin_trgm_ops);

create table sales.product_prices (
    product_id uuid not null references sales.products on delete cascade,
    valid_from timestamptz not null,
    price numeric(18, 4) not null check (price >= 0),
    by text not null,
    primary key (product_id, valid_from)
);

create table stock.sites (
    id uuid primary key,
    code text not null unique,
    name text not null,
    is_default boolean not null
);
create unique index sites_one_default on stock.sites (is_default) where is_default;
insert into stock.sites (id, code, name, is_default)
values ('00000000-0000-7000-8000-000000000001', 'MAIN', 'Main site', true);

create table stock.levels (
    product_id uuid not null references sales.products,
    site_id uuid not null references stock.sites,
    on_hand numeric(18, 4) not null check (on_hand >= 0),
    reserved numeric(18, 4) not null default 0 check (reserved >= 0),
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    primary key (product_id, site_id),
    constraint levels_reserved_within_on_hand check (reserved <= on_hand)
);

create table stock.movements (
    id uuid primary key,
    product_id uuid not null references sales.products,
    site_id uuid not null references stock.sites,
    kind text not null check (kind in ('sale', 'reserve', 'unreserve', 'receipt', 'return', 'adjust', 'count',
                                       'transfer_out', 'transfer_in', 'opening')),
    quantity numeric(18, 4) not null,
    on_hand_after numeric(18, 4) not null,
    reserved_after numeric(18, 4) not null,
    reason text check (reason in ('count', 'damage', 'loss', 'found', 'return_to_supplier', 'opening', 'correction')),
    note text,
    ref_type text,
    ref_id uuid,
    actor text not null,
    at timestamptz not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated'))
);
create index on stock.movements (product_id, site_id, at desc);
create index on stock.movements (ref_id) where ref_id is not null;

reset role;
