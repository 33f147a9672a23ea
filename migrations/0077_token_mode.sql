-- How a dealer's calls prove who asks (dealers.md 3.1): signed anew each time, or with the token its main dealer handed out.

set role millrace_owner;

alter table dealer.dealers
    add column token_mode text not null default 'signed' check (token_mode in ('signed', 'fixed'));

reset role;
