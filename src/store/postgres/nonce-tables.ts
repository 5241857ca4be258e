import { MOVING_SECONDS } from '../nonce-switch.ts'

const SAME_TABLES = `file = pg_relation_filepath('mac_canary') and nonces = 'mac_nonces'::regclass`

/** Whether the row of `mac_canary` is there, and belongs to these tables on this run of the server: 1 or 0. */
const CANARY = `(select count(*) from mac_canary
  where server = pg_postmaster_start_time() and ${SAME_TABLES})`

const ROW = `select pg_postmaster_start_time(), pg_relation_filepath('mac_canary'), 'mac_nonces'::regclass`

const CLOCK = 'floor(extract(epoch from clock_timestamp()))::bigint'

/** Raises the floor above all timestamps that may have been accepted up to now. */
const RAISE_FLOOR = `update mac_state set value = greatest(value, 1 + ${CLOCK} +
  (select value from mac_state where name = 'ahead_seconds')) where name = 'nonce_floor'`

/**
 * Lets a trigger find `mac_state` in the schema of its own table. It lasts until the end of the function, if that
 * has a clause `set search_path`. The path at its creation may have `"$user"`, which is another schema for another
 * role.
 */
const IN_ITS_SCHEMA = `perform set_config('search_path', quote_ident(tg_table_schema), true)`

/**
 * The statements that create what nonces need, in their order: rows of `mac_state`, which must exist, tables,
 * functions and triggers.
 *
 * If the server loses nonces, those that were accepted must not be accepted again. A process notices the loss
 * by `mac_canary`, which has one row. The table is unlogged, so a crash and a promotion empty it. The row
 * names the files of the tables and the start of the server, so a dump that is restored, and a copy of the
 * database, have a row that does not match. Then `mac_revive` raises the floor, unless no nonce can be lost.
 *
 * It does *not* notice an old snapshot of the server's disks that takes their place.
 */
export const NONCE_TABLES: readonly string[] = [
  `insert into mac_state (name, value) values ('nonce_floor', 0), ('keep_seconds', 0),
    ('keep_confirmed', 0), ('halted', 0), ('ahead_seconds', 0), ('unsynced', 0)`,
  // id: the first 128 bits of a hash. The key starts with the timestamp, so that rows of the same time are
  // close to each other.
  'create table mac_nonces (ts bigint not null, id uuid not null, primary key (ts, id))',
  `create unlogged table mac_canary (server timestamptz not null, file text not null,
    nonces oid not null)`,
  // Where the nonces were when the canary was written. Unlike the canary, it outlives a crash.
  'create table mac_guard (place text not null)',
  /*
   * Returns where the nonces are: the server, its timeline, the database and the tables. It reads a file, so it is
   * slow. It returns null if the role may not read that.
   */
  `create function mac_place() returns text language plpgsql volatile as $$
  begin
    return concat_ws('/', (select system_identifier from pg_control_system()),
      left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
      (select oid from pg_database where datname = current_database()),
      'mac_nonces'::regclass::oid, 'mac_canary'::regclass::oid, 'mac_state'::regclass::oid);
  exception when insufficient_privilege then
    return null;
  end $$`,
  /*
   * Returns what a process needs for its verdicts: the floor, the version of the credentials, "halted", whether the
   * canary is there (1 or 0), the server's clock, and how far ahead of it a timestamp may be.
   *
   * It is called after the insert. As a volatile function, it sees what was committed up to then, also a floor
   * that was raised while the insert ran. At other isolation levels it would see the state from before.
   *
   * If commits are not synced, a crash may lose nonces. The first such commit notes that in "unsynced", and is
   * itself synced.
   */
  `create function mac_told() returns bigint[] language plpgsql volatile as $$
  declare
    told bigint[];
    unsynced bigint;
  begin
    if current_setting('transaction_isolation') <> 'read committed' then
      raise exception 'withmac needs the transaction isolation "read committed", and here it is "%". Run: alter role % set default_transaction_isolation = ''read committed''',
        current_setting('transaction_isolation'), quote_ident(current_user)
        using errcode = 'invalid_transaction_state';
    end if;
    select array[max(value) filter (where name = 'nonce_floor'),
        max(value) filter (where name = 'credentials_mark'),
        max(value) filter (where name = 'halted'), ${CANARY}, ${CLOCK},
        max(value) filter (where name = 'ahead_seconds')],
      max(value) filter (where name = 'unsynced')
      into told, unsynced from mac_state;
    if unsynced = 0 and current_setting('synchronous_commit') = 'off' then
      update mac_state set value = 1 where name = 'unsynced';
      perform set_config('synchronous_commit', 'on', true);
    end if;
    return told;
  end $$`,
  /*
   * Writes the canary anew if it is missing, and first raises the floor, unless the nonces are where they were
   * and none was lost: the canary is still there after a clean restart, and a crash loses nothing that was
   * synced. Returns the same as mac_told.
   *
   * "ahead" is that of a process that has opened the store. If a lower number is kept, what was written then is
   * lost, with the nonces that came after it: on a standby that lagged behind, for example.
   */
  `create function mac_revive(ahead bigint) returns bigint[] language plpgsql volatile as $$
  declare
    here text := coalesce(mac_place(), 'unknown');
    forgotten boolean;
    moved boolean;
    crashed boolean;
    unsynced boolean;
  begin
    -- One process at a time.
    perform 1 from mac_state where name = 'nonce_floor' for update;
    update mac_state set value = ahead where name = 'ahead_seconds' and value < ahead;
    forgotten := found;
    if ${CANARY} = 1 and not forgotten then
      return mac_told();
    end if;
    moved := forgotten or here = 'unknown' or not exists (select 1 from mac_guard where place = here);
    crashed := not exists (select 1 from mac_canary where ${SAME_TABLES});
    unsynced := current_setting('fsync') = 'off'
      or not exists (select 1 from mac_state where name = 'unsynced' and value = 0);
    if moved or (crashed and unsynced) then
      ${RAISE_FLOOR};
      -- Who has read the number before this commit has missed the canary too, so its nonces are below the floor.
      update mac_state set value = (current_setting('synchronous_commit') = 'off')::int
        where name = 'unsynced';
    end if;
    delete from mac_guard;
    insert into mac_guard values (here);
    delete from mac_canary;
    insert into mac_canary ${ROW};
    perform set_config('synchronous_commit', 'on', true);
    return mac_told();
  end $$`,
  /*
   * Is called when a process opens the store of nonces. "ahead" is how far ahead of its clock that process accepts
   * timestamps.
   */
  `create function mac_open_nonces(ahead bigint) returns bigint[] language plpgsql volatile as $$
  begin
    update mac_state set value = ahead where name = 'ahead_seconds' and value < ahead;
    if found then
      -- Otherwise a crash could lose it, and the process might have ended by then.
      perform set_config('synchronous_commit', 'on', true);
    end if;
    return mac_told();
  end $$`,
  // If nonces were kept in Redis, they are kept here from now on.
  `create function mac_leave_redis() returns bigint[] language plpgsql volatile as $$
  begin
    update mac_state set value = 0 where name = 'halted' and value >= 2;
    if found then
      ${RAISE_FLOOR};
      update mac_state set value = value + ${MOVING_SECONDS} where name = 'nonce_floor';
    end if;
    return mac_told();
  end $$`,
  // For changes by hand, which may have another search_path. The cleanup raises the floor itself.
  `create function mac_nonces_truncated() returns trigger language plpgsql
  set search_path from current as $$
  begin
    ${IN_ITS_SCHEMA};
    ${RAISE_FLOOR};
    return null;
  end $$`,
  `create trigger mac_nonces_truncated after truncate on mac_nonces
    for each statement execute function mac_nonces_truncated()`,
  `create function mac_nonces_deleted() returns trigger language plpgsql
  set search_path from current as $$
  begin
    ${IN_ITS_SCHEMA};
    update mac_state set value = 1 + (select max(ts) from gone)
      where name = 'nonce_floor' and value <= (select max(ts) from gone);
    return null;
  end $$`,
  `create trigger mac_nonces_deleted after delete on mac_nonces referencing old table as gone
    for each statement execute function mac_nonces_deleted()`,
  // Also for changes by replication, or with session_replication_role.
  'alter table mac_nonces enable always trigger mac_nonces_truncated',
  'alter table mac_nonces enable always trigger mac_nonces_deleted',
  // The first canary: nothing was accepted yet.
  "insert into mac_guard values (coalesce(mac_place(), 'unknown'))",
  `insert into mac_canary ${ROW}`,
]
