-- When a closed day was corrected last: its figures may also change by a review that is no correction.
set role millrace_owner;

alter table ops.kpi_summary add column revised_at timestamptz;
update ops.kpi_summary set revised_at = computed_at where revision > 1;

reset role;
