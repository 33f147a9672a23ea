set role millrace_owner;

-- The list of the audit log by actor and by action; a feature is the start of an action.
create index on ops.audit_log (actor_id, at desc, id desc);
create index on ops.audit_log (action text_pattern_ops, at desc, id desc);

reset role;
