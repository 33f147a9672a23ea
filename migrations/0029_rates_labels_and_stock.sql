set role millrace_owner;

-- The rate of a business day: the latest of the seven days before it at most. The one place that says so; a
-- lateral call of it becomes part of the statement it stands in.
create function ops.fx_rate_on(from_code char(3), to_code char(3), on_day date)
returns table (rate numeric)
language sql stable
as $$
    select x.rate
    from ops.fx_rates x
    where x.from_currency = from_code and x.to_currency = to_code and x.day between on_day - 7 and on_day
    order by x.day desc
    limit 1
$$;

-- What became known of a sale, and when. The latest word counts.
create table sales.fraud_labels (
    transaction_id uuid not null references sales.transactions on delete cascade,
    known_at timestamptz not null,
    label text not null check (label in ('confirmed_fraud', 'legitimate')),
    source text not null check (source in ('case', 'dispute', 'import', 'refund')),
    primary key (transaction_id, known_at)
);
comment on table sales.fraud_labels is 'Append only; a reopened case appends.';

create view sales.v_confirmed_fraud as
select l.transaction_id
from sales.fraud_labels l
where l.label = 'confirmed_fraud'
  and not exists (select from sales.fraud_labels n where n.transaction_id = l.transaction_id and n.known_at > l.known_at);

-- The classic model's other two tables. No personal fields; the visitor is the customer of the visit, else the one that
-- another visit or a recognised sale of the same session names on the same business day, else the browser.
create view ops.users as
select id as user_id, registration_date as registered_at, origin
from sales.customers;

create view ops.visits as
select coalesce(v.customer_id::text, k.customer, v.visitor_key) as user_id, v.visited_at as visit_date, v.origin
from sales.visits v
cross join lateral (
    select coalesce((select s.value #>> '{}' from ops.settings s where s.key = 'business.zone'), 'UTC') as zone
) z
left join lateral (
    select min(named.customer) as customer
    from (
        select o.customer_id::text as customer, o.visited_at as at
        from sales.visits o
        where o.session_ref = v.session_ref and o.customer_id is not null
          and o.visited_at between v.visited_at - interval '1 day 2 hours' and v.visited_at + interval '1 day 2 hours'
        union all
        select t.customer_id::text, t.recognised_at
        from sales.transactions t
        where t.session_ref = v.session_ref and t.customer_id is not null
          and t.recognised_at between v.visited_at - interval '1 day 2 hours' and v.visited_at + interval '1 day 2 hours'
    ) named
    where (named.at at time zone z.zone)::date = (v.visited_at at time zone z.zone)::date
) k on v.customer_id is null and v.session_ref is not null;

-- What can be sold of a product at a site, and what there is less of is found first.
create index levels_available on stock.levels ((on_hand - reserved), product_id, site_id);

reset role;
