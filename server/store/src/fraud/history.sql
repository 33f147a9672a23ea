-- Own sales in time order after ($1, $2), before $3: $4 at a time. Of those from $5 on also what only a judged sale needs.
-- $6 base currency, $7 zone. As `features.sql`, for many sales.
with page as materialized (
    select t.id, t.occurred_at, t.customer_id, t.terminal_id, t.device_id, t.payment_method, t.payment_fingerprint,
           t.ip_address, t.currency, t.total, t.recognised_at, t.status, t.decision_id
    from sales.transactions t
    where (t.occurred_at, t.id) > ($1::timestamptz, $2::uuid) and t.occurred_at < $3::timestamptz
    order by t.occurred_at, t.id
    limit $4
)
select t.id, t.occurred_at, t.customer_id, t.terminal_id, t.payment_method, t.payment_fingerprint, t.ip_address,
       case when t.currency = $6::char(3) then t.total else round(t.total * r.rate, 4) end as "amount?",
       t.recognised_at, t.decision_id is not null as "decided!",
       case when t.status in ('declined', 'failed') then
           coalesce((select max(e.at) from sales.transaction_events e
                     where e.transaction_id = t.id and e.to_status in ('declined', 'failed')), t.occurred_at)
       end as "declined_at?",
       (select array_agg(l.known_at order by l.known_at) from sales.fraud_labels l where l.transaction_id = t.id) as "known_at?: Vec<DateTime<Utc>>",
       (select array_agg(l.label = 'confirmed_fraud' order by l.known_at) from sales.fraud_labels l where l.transaction_id = t.id) as "frauds?: Vec<bool>",
       (select risk_score from sales.customers c where c.id = t.customer_id) as "risk_score?",
       j.quantity_max as "quantity_max?", j.price_gap as "price_gap?", o.net as "line_net?", o.p995 as "category_p995?",
       f.p95 as "first_order_p95?", coalesce(b.blocked, false) as "blocked!", coalesce(b.allowed, false) as "allowed!"
from page t
left join lateral ops.fx_rate_on(t.currency, $6::char(3), (t.occurred_at at time zone $7::text)::date) r
    on t.currency <> $6::char(3)
left join lateral (
    select max(l.quantity) as quantity_max, max(round(abs(l.unit_price - l.list_price) / nullif(l.list_price, 0), 6)) as price_gap
    from sales.transaction_lines l where l.transaction_id = t.id
) j on t.occurred_at >= $5::timestamptz
left join lateral (
    select round(l.net * coalesce(r.rate, 1), 4) as net, s.p995_line_amount as p995
    from sales.transaction_lines l
    join sales.products p on p.id = l.product_id
    cross join lateral (
        select x.p995_line_amount from sales.amount_stats x
        where x.scope = coalesce(p.category_id::text, 'all') and x.built_at <= t.occurred_at order by x.day desc limit 1
    ) s
    where l.transaction_id = t.id and s.p995_line_amount is not null
    order by l.net * coalesce(r.rate, 1) / nullif(s.p995_line_amount, 0) desc nulls last, l.line_no desc
    limit 1
) o on t.occurred_at >= $5
left join lateral (
    select x.p95_first_order as p95 from sales.amount_stats x
    where x.scope = 'all' and x.built_at <= t.occurred_at order by x.day desc limit 1
) f on t.occurred_at >= $5
left join lateral (
    select bool_or(e.list = 'block') as blocked, bool_or(e.list = 'allow') as allowed
    from sales.fraud_list_entries e
    where e.created_at <= t.occurred_at and (e.expires_at is null or e.expires_at > t.occurred_at)
      and case e.subject
              when 'customer' then e.value = t.customer_id::text
              when 'email_domain' then lower(e.value) = (select lower(split_part(c.email, '@', 2)) from sales.customers c where c.id = t.customer_id)
              when 'ip_range' then e.value::inet >>= t.ip_address
              when 'payment_fingerprint' then e.value = encode(t.payment_fingerprint, 'hex')
              when 'terminal' then e.value = t.terminal_id
              when 'device' then e.value = t.device_id
          end
) b on t.occurred_at >= $5
order by t.occurred_at, t.id
