-- Demo runs leave before the batches they belong to; a row of a batch does not hold its run.
set role millrace_owner;

alter table plan.batch_runs drop constraint batch_runs_run_id_fkey;
alter table plan.batch_runs
    add constraint batch_runs_run_id_fkey foreign key (run_id) references plan.runs on delete set null;

reset role;
