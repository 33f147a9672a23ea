set role millrace_owner;

alter table ops.import_batches
    -- Cleaning proposals of the last check, each with how many rows it touches.
    add column proposals jsonb,
    -- How many recorded sales the person typed when asked whether to close more than half of a period.
    add column confirmed_closed int;

reset role;
