-- What is known of a sale at $1 (t), before it is written. Windows are (t - w, t]; amounts in base currency.
-- $2 customer, $3 fingerprint, $4 method, $5 terminal, $6 device, $7 address, $8 base currency, $9 zone,
-- $10 label delay in days, $11 categories of the lines, $12 the sale itself: of several at $1 those with a lower id were before it.
with own as materialized (
    select t.occurred_at, t.recognised_at, t.status, t.payment_method, t.payment_fingerprint,
           case when t.currency = $8::char(3) then t.total else round(t.total * r.rate, 4) end as amount
    from sales.transactions t
    left join lateral ops.fx_rate_on(t.currency, $8::char(3), (t.occurred_at at time zone $9::text)::date) r
        on t.currency <> $8::char(3)
    where t.customer_id = $2::uuid and (t.occurred_at, t.id) < ($1, $12::uuid)
), attempts as (
    select count(*) filter (where occurred_at > $1 - interval '10 minutes') as count_10m,
           count(*) filter (where occurred_at > $1 - interval '1 hour') as count_1h,
           count(*) filter (where occurred_at > $1 - interval '24 hours') as count_24h,
           count(*) filter (where occurred_at > $1 - interval '7 days') as count_7d,
           count(*) filter (where occurred_at > $1 - interval '30 days') as count_30d,
           coalesce(sum(amount) filter (where occurred_at > $1 - interval '1 hour'), 0) as amount_1h,
           coalesce(sum(amount) filter (where occurred_at > $1 - interval '24 hours'), 0) as amount_24h,
           coalesce(sum(amount) filter (where occurred_at > $1 - interval '30 days'), 0) as amount_30d,
           count(*) filter (where occurred_at > $1 - interval '60 minutes' and status in ('declined', 'failed')) as declined_60m
    from own
), sales as materialized (
    select * from own where recognised_at < $1
), own_sales as (
    select count(*) as orders,
           count(*) filter (where occurred_at > $1 - interval '90 days') as orders_90d,
           avg(amount) filter (where occurred_at > $1 - interval '1 day') as mean_1d,
           avg(amount) filter (where occurred_at > $1 - interval '7 days') as mean_7d,
           avg(amount) filter (where occurred_at > $1 - interval '30 days') as mean_30d,
           avg(amount) filter (where occurred_at > $1 - interval '90 days') as mean_90d,
           percentile_disc(0.9) within group (order by amount) as p90,
           bool_or(case when $3::bytea is null then payment_method = $4::text else payment_fingerprint = $3 end) as payment_known,
           bool_or(extract(hour from occurred_at at time zone $9::text) = extract(hour from $1 at time zone $9::text)) as hour_known
    from sales
), days as (
    select sum(amount) as amount from sales group by (occurred_at at time zone $9::text)::date
), confirmed as (
    select count(*) as n
    from sales.fraud_labels l
    join sales.transactions t on t.id = l.transaction_id
    where t.customer_id = $2 and l.label = 'confirmed_fraud' and l.known_at > $1 - interval '28 days' and l.known_at <= $1
      and not exists (select from sales.fraud_labels n
                      where n.transaction_id = l.transaction_id and n.known_at > l.known_at and n.known_at <= $1)
), terminal as materialized (
    select t.id, t.occurred_at,
           (select l.label = 'confirmed_fraud' from sales.fraud_labels l
            where l.transaction_id = t.id and l.known_at <= $1 order by l.known_at desc limit 1) as fraud
    from sales.transactions t
    where t.terminal_id = $5::text and (t.occurred_at, t.id) < ($1, $12)
      and t.occurred_at > $1 - make_interval(days => 30 + $10::int)
), at_terminal as (
    select count(*) filter (where occurred_at > $1 - interval '1 day') as count_1d,
           count(*) filter (where occurred_at > $1 - interval '7 days') as count_7d,
           count(*) filter (where occurred_at > $1 - interval '30 days') as count_30d,
           avg(coalesce(fraud, false)::int) filter (where occurred_at <= $1 - make_interval(days => $10)
                and occurred_at > $1 - make_interval(days => $10 + 1)) as risk_1d,
           avg(coalesce(fraud, false)::int) filter (where occurred_at <= $1 - make_interval(days => $10)
                and occurred_at > $1 - make_interval(days => $10 + 7)) as risk_7d,
           avg(coalesce(fraud, false)::int) filter (where occurred_at <= $1 - make_interval(days => $10)) as risk_30d
    from terminal
), terminal_confirmed as (
    select count(*) as n
    from sales.fraud_labels l
    join sales.transactions t on t.id = l.transaction_id
    where t.terminal_id = $5 and l.label = 'confirmed_fraud' and l.known_at > $1 - interval '28 days' and l.known_at <= $1
      and not exists (select from sales.fraud_labels n
                      where n.transaction_id = l.transaction_id and n.known_at > l.known_at and n.known_at <= $1)
), listed as (
    select e.list
    from sales.fraud_list_entries e
    where e.created_at <= $1 and (e.expires_at is null or e.expires_at > $1)
      and case e.subject
              when 'customer' then e.value = $2::text
              when 'email_domain' then lower(e.value) = (select lower(split_part(c.email, '@', 2)) from sales.customers c where c.id = $2)
              when 'ip_range' then e.value::inet >>= $7::inet
              when 'payment_fingerprint' then e.value = encode($3, 'hex')
              when 'terminal' then e.value = $5
              when 'device' then e.value = $6::text
          end
)
select a.count_10m as "count_10m!", a.count_1h as "count_1h!", a.count_24h as "count_24h!", a.count_7d as "count_7d!",
       a.count_30d as "count_30d!", a.amount_1h as "amount_1h!", a.amount_24h as "amount_24h!", a.amount_30d as "amount_30d!",
       a.declined_60m as "declined_60m!", s.orders as "orders!", s.orders_90d as "orders_90d!", s.mean_1d, s.mean_7d, s.mean_30d,
       s.mean_90d, s.p90, coalesce(s.payment_known, false) as "payment_known!", coalesce(s.hour_known, false) as "hour_known!",
       (select case when count(*) >= 10 then percentile_disc(0.95) within group (order by amount) end from days) as daily_p95,
       c.n as "confirmed_28d!",
       (select risk_score from sales.customers where id = $2) as "risk_score?",
       (select count(distinct t.customer_id) from sales.transactions t
        where t.payment_fingerprint = $3 and t.occurred_at > $1 - interval '24 hours' and (t.occurred_at, t.id) < ($1, $12)
          and t.customer_id is distinct from $2) as "fp_others!",
       (select count(distinct t.customer_id) from sales.transactions t
        where t.ip_address = $7 and t.occurred_at > $1 - interval '24 hours' and (t.occurred_at, t.id) < ($1, $12)
          and t.customer_id is distinct from $2) as "ip_others!",
       m.count_1d as "term_count_1d!", m.count_7d as "term_count_7d!", m.count_30d as "term_count_30d!", m.risk_1d, m.risk_7d,
       m.risk_30d, k.n as "term_confirmed_28d!",
       exists (select from listed where list = 'block') as "blocked!",
       exists (select from listed where list = 'allow') as "allowed!",
       (select array_agg(p.p995_line_amount order by w.n)
        from unnest($11::text[]) with ordinality as w (scope, n)
        left join lateral (select x.p995_line_amount from sales.amount_stats x
                           where x.scope = w.scope and x.built_at <= $1 order by x.day desc limit 1) p on true) as "p995?: Vec<Option<Decimal>>",
       (select x.p95_first_order from sales.amount_stats x
        where x.scope = 'all' and x.built_at <= $1 order by x.day desc limit 1) as "first_order_p95?",
       (select value #>> '{}' from ops.settings where key = 'fraud.amount_limit') as "amount_limit?"
from attempts a, own_sales s, confirmed c, at_terminal m, terminal_confirmed k
