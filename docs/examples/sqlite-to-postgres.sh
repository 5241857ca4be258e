#!/bin/sh
# Copies credentials, their last use and their history from an SQLite file to an empty database of PostgreSQL:
#   PGPASSWORD=… sh docs/examples/sqlite-to-postgres.sh mac.db postgres://user@host/database
# Stop all servers first, and create the tables with `withmac init --database postgres://…`. It needs sqlite3 and
# psql. Keys are copied as they are stored: if they are sealed, the servers need the same sealing key as before.
# It copies everything or nothing. It copies no nonces. Instead, servers on PostgreSQL reject all timestamps up to the
# latest one in the file.
set -eu
[ $# = 2 ] && [ -f "$1" ] || { echo 'usage: sqlite-to-postgres.sh FILE postgres://…' >&2; exit 2; }

export FILE="$1"
export CREDENTIALS='select id, "user", key, algorithm, label, created, expires, revoked, clock_offset, disabled, scopes,
  key_number, key_sealed_by, rotated, old_key, old_algorithm, old_sealed_by, old_until, limit_requests, limit_seconds,
  remove_at from mac_credentials'
export USAGE='select credential, key_number, used from mac_usage'
export HISTORY='select at, action, credential, "user", detail, actor from mac_audit order by number'
export FLOOR="select max(value, (select coalesce(max(latest) + 1, 0) from mac_nonce_log)) from mac_state
  where name = 'nonce_floor'"

psql --no-psqlrc --quiet --single-transaction --set ON_ERROR_STOP=1 "$2" <<'END'
\copy mac_credentials (id, "user", key, algorithm, label, created, expires, revoked, clock_offset, disabled, scopes, key_number, key_sealed_by, rotated, old_key, old_algorithm, old_sealed_by, old_until, limit_requests, limit_seconds, remove_at) from program 'sqlite3 -csv "$FILE" "$CREDENTIALS"' csv
\copy mac_usage (credential, key_number, used) from program 'sqlite3 -csv "$FILE" "$USAGE"' csv
\copy mac_audit (at, action, credential, "user", detail, actor) from program 'sqlite3 -csv "$FILE" "$HISTORY"' csv
\set floor `sqlite3 "$FILE" "$FLOOR"`
update mac_state set value = greatest(value, :floor) where name = 'nonce_floor';
select count(*) as "credentials in PostgreSQL" from mac_credentials;
END
