set role millrace_owner;

-- What is sealed is opened by the program only, with a key that the database has not.
alter table sales.customers
    add column phone_enc bytea,
    -- HMAC-SHA-256 of the number in E.164: finds a number without telling it.
    add column phone_hash bytea,
    add column address_enc bytea,
    add column date_of_birth_enc bytea,
    add column preferred_payment text
        check (preferred_payment in ('credit_card', 'debit_card', 'paypal', 'bank_transfer', 'cash', 'crypto')),
    add column crm_customer_id uuid,
    add column updated_by text,
    add constraint customers_phone_belongs_to_its_hash check ((phone_enc is null) = (phone_hash is null)),
    add constraint customers_erased_holds_nothing_personal check (
        erased_at is null
        or (email is null and last_name = '' and country is null and phone_enc is null and address_enc is null
            and date_of_birth_enc is null));
create index customers_phone_hash on sales.customers (phone_hash) where phone_hash is not null;
create index customers_tier on sales.customers (loyalty_tier, number desc);

reset role;
