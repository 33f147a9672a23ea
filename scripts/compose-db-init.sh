#!/bin/bash
# Run once by the postgres image of compose.yaml: the login of the running program, which owns nothing.
# `millrace migrate` grants it the application's roles.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres -d millrace -v password="$MILLRACE_DB_PASSWORD" <<'SQL'
CREATE ROLE millrace_login LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
GRANT CONNECT ON DATABASE millrace TO millrace_login;
SQL
