set role millrace_owner;

-- Cases of a sale, closed ones too: of suspicious sales and of a decision.
create index fraud_cases_transaction on sales.fraud_cases (transaction_id, created_at);

reset role;
