-- Plans (planning.md 2.1): what a run found, row by row in the order of the model.
set role millrace_owner;

create table plan.plans (
    id uuid primary key,
    run_id uuid not null unique references plan.runs on delete cascade,
    name text not null,
    state text not null default 'draft'
        check (state in ('draft', 'proposed', 'promoted', 'rejected', 'superseded', 'withdrawn')),
    -- The cheapest way out of an infeasible input: its hard rows are let go where plan_slacks says, so no checker passed it.
    is_relaxed boolean not null,
    objective numeric(36, 6) not null,
    operating_cost numeric(36, 6) not null,
    relaxation_cost numeric(36, 6),
    -- Open sites, and soft contracts that are not kept, as the result tells them.
    sites jsonb not null,
    contracts jsonb not null,
    created_at timestamptz not null,
    created_by text not null,
    origin text not null default 'live' check (origin in ('live', 'demo', 'simulated')),
    constraint plans_relaxed_stay_drafts check (not is_relaxed or state = 'draft'),
    constraint plans_relaxed_have_their_cost check (is_relaxed = (relaxation_cost is not null))
);

create table plan.plan_production (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    node text not null,
    line text not null,
    product text not null,
    period text not null,
    tonnes numeric(30, 6) not null,
    capacity_tonnes numeric(30, 6),
    batches bigint,
    runs boolean not null,
    cost numeric(30, 4) not null,
    primary key (plan_id, n),
    unique (plan_id, node, line, product, period)
);

create table plan.plan_shipments (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    from_node text not null,
    to_node text not null,
    mode text not null,
    product text not null,
    -- The product of a lane of its own.
    lane_product text,
    period text not null,
    arrival_period text not null,
    tonnes numeric(30, 6) not null,
    -- Whole, but in a relaxed plan and where the input asks for no whole trips.
    trips numeric(30, 6),
    freight_cost numeric(30, 4) not null,
    handling_cost numeric(30, 4) not null,
    transit_cost numeric(30, 4) not null,
    trip_cost numeric(30, 4) not null,
    lane_fixed_cost numeric(30, 4) not null,
    primary key (plan_id, n),
    unique nulls not distinct (plan_id, from_node, to_node, mode, product, lane_product, period)
);

create table plan.plan_stock (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    node text not null,
    product text not null,
    period text not null,
    tonnes numeric(30, 6) not null,
    safety_stock_tonnes numeric(30, 6) not null,
    below_tonnes numeric(30, 6) not null,
    holding_cost numeric(30, 4) not null,
    safety_cost numeric(30, 4) not null,
    primary key (plan_id, n),
    unique (plan_id, node, product, period)
);

create table plan.plan_shortages (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    node text not null,
    product text not null,
    period text not null,
    demand_tonnes numeric(30, 6) not null,
    tonnes numeric(30, 6) not null,
    cost numeric(30, 4) not null,
    -- Null: not examined.
    causes jsonb,
    primary key (plan_id, n),
    unique (plan_id, node, product, period)
);

-- Hard limits that a relaxed plan lets go.
create table plan.plan_slacks (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    family text not null,
    key text not null,
    words text not null,
    amount numeric(30, 6) not null,
    price numeric(30, 6) not null,
    cost numeric(30, 4) not null,
    primary key (plan_id, n)
);

create table plan.plan_costs (
    plan_id uuid not null references plan.plans on delete cascade,
    component text not null,
    amount numeric(30, 4) not null,
    primary key (plan_id, component)
);

create table plan.plan_bindings (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    row_name text not null,
    words text not null,
    activity double precision not null,
    limit_value double precision not null,
    worth double precision not null,
    primary key (plan_id, n)
);

create table plan.plan_kpis (
    plan_id uuid not null references plan.plans on delete cascade,
    n int not null,
    kpi text not null,
    scope text,
    value double precision,
    unit text not null,
    reason text,
    primary key (plan_id, n)
);

reset role;
