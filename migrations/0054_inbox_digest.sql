set role millrace_owner;

-- Messages to a person as the inbox shows them: what was beyond the flood mark stands as one, its first row for all.
create view ops.inbox with (security_invoker = true) as
select n.id, n.user_id, n.alert_id, n.event, n.title, n.created_at, n.read_at,
       coalesce(d.severity, n.severity) as severity, coalesce(d.messages, 1) as messages, d.titles
from ops.notifications n
left join lateral (
    select max(o.severity) as severity, count(*) as messages,
           (array_agg(o.title order by o.severity desc, o.id))[:3] as titles
    from ops.notifications o
    where o.digest and o.message_id = n.id and o.user_id = n.user_id
) d on n.digest
where n.state = 'delivered' and (not n.digest or n.message_id = n.id);

create index notifications_digest on ops.notifications (message_id) where digest;

reset role;
