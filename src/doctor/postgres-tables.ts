import { POSTGRES_SCHEMA_VERSION, POSTGRES_TRIGGER_NAMES } from '../store/postgres/migrations.ts'
import { bytes } from './file.ts'
import { bad, type Finding, good, note } from './finding.ts'
import type { Inspected, InspectedRow } from './inspect.ts'

/** The tables that servers use. A test compares them with those that a migration creates. */
export const TABLES: readonly string[] = [
  ...['mac_state', 'mac_credentials', 'mac_usage', 'mac_failures', 'mac_traffic', 'mac_audit'],
  ...['mac_nonces', 'mac_canary', 'mac_guard'],
]
/** The triggers and functions that guard nonces. They are created together with the table. */
export const NONCE_TRIGGERS: readonly string[] = ['mac_nonces_deleted', 'mac_nonces_truncated']
export const FUNCTIONS: readonly string[] = [
  ...['mac_told', 'mac_revive', 'mac_place', 'mac_open_nonces', 'mac_leave_redis'],
  'mac_credentials_changed',
  ...NONCE_TRIGGERS,
]
const RIGHTS = ['select', 'insert', 'update', 'delete'] as const

/** The result of {@link tableFindings}. */
export interface TablesChecked {
  readonly findings: readonly Finding[]
  /** Whether the content of the tables can be checked. */
  readonly complete: boolean
}

/** Checks that the tables, triggers and functions are there, and that the role may use them. */
export async function tableFindings(
  { rows, value }: Inspected,
  { role }: InspectedRow,
): Promise<TablesChecked> {
  const [place] = await rows(PLACE)
  if (place === undefined) {
    const text = 'the tables of withmac are missing, or are not in the search_path of the role'
    const advice = 'create the tables: '
    const other = '; or use the right database: --database, MAC_DATABASE_URL'
    return { findings: [bad('tables', text, advice, { command: 'init' }, other)], complete: false }
  }
  const schema = String(place.schema)
  const namespace = Number(place.namespace)
  const tables = await rows(TABLE_RIGHTS, namespace)
  const functions = await rows(FUNCTION_RIGHTS, namespace)
  const triggers = await rows(TRIGGERS, namespace)
  const mayRead = tables.some(({ name, select }) => name === 'mac_schema' && select === true)
  const version = mayRead
    ? Number((await value(`select max(version) from ${quoted(schema)}.mac_schema`)) ?? 0)
    : null
  const rights = rightsFinding(tables, functions, schema, String(role))
  const findings = [
    versionFinding(version, schema, POSTGRES_SCHEMA_VERSION, place.may_create === true),
    ...(version === POSTGRES_SCHEMA_VERSION
      ? [
          namesFinding('tables', TABLES, tables),
          namesFinding('triggers', [...POSTGRES_TRIGGER_NAMES, ...NONCE_TRIGGERS], triggers),
          namesFinding('functions', FUNCTIONS, functions),
        ].filter((finding) => finding !== null)
      : []),
    rights,
  ]
  const isOld = version !== null && version <= POSTGRES_SCHEMA_VERSION
  return { findings, complete: isOld && rights.state !== 'bad' }
}

const PLACE = `select n.oid::int8 as namespace, n.nspname as schema,
    has_schema_privilege(n.oid, 'create') as may_create
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = to_regclass('mac_schema')`

const TABLE_RIGHTS = `select c.relname as name, ${RIGHTS.map(
  (right) => `has_table_privilege(c.oid, '${right}') as "${right}"`,
).join(', ')}
  from pg_class c where c.relnamespace = ?::int8::oid and c.relkind in ('r', 'p')
    and c.relname like 'mac\\_%'`

const FUNCTION_RIGHTS = `select p.proname as name, has_function_privilege(p.oid, 'execute') as execute
  from pg_proc p where p.pronamespace = ?::int8::oid and p.proname like 'mac\\_%'`

const TRIGGERS = `select t.tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
  where c.relnamespace = ?::int8::oid and not t.tgisinternal and t.tgenabled <> 'D'`

function versionFinding(
  version: number | null,
  schema: string,
  known: number,
  mayCreate: boolean,
): Finding {
  const where = `in the schema ${schema}`
  if (version === null) {
    return bad('tables', `this role may not read mac_schema ${where}`, 'see "rights" below')
  }
  if (version === known) {
    return good('tables', `version ${version}, the version of this withmac, ${where}`)
  }
  if (version > known) {
    const text = `version ${version} ${where}, but this withmac only knows versions up to ${known}`
    return bad('tables', text, 'use the withmac that created them, or a newer one')
  }
  return note(
    'tables',
    `version ${version} ${where}; this withmac uses version ${known}`,
    mayCreate
      ? 'a server of this version, or any command but doctor, migrates it, such as '
      : 'this role may not create tables there. Migrate it as their owner: ',
    { command: mayCreate ? 'list' : 'init' },
  )
}

/** Returns a finding if some are missing; of what is complete, only one finding for triggers. */
function namesFinding(
  subject: 'tables' | 'triggers' | 'functions',
  names: readonly string[],
  found: readonly InspectedRow[],
): Finding | null {
  const there = new Set(found.map(({ name }) => name))
  const missing = names.filter((name) => !there.has(name))
  if (missing.length === 0) {
    return subject === 'tables' ? null : good(subject, `all ${names.length} exist`)
  }
  const are = missing.length === 1 ? 'is' : 'are'
  const harm = {
    tables: 'servers cannot work',
    triggers:
      'running servers would not notice a revoked credential, or nonces that were removed by hand',
    functions: 'servers cannot record nonces',
  }[subject]
  const text = `${missing.join(', ')} ${are} missing or disabled: ${harm}`
  // Servers create these again when they are started; the others only together with the tables.
  if (missing.every((name) => POSTGRES_TRIGGER_NAMES.includes(name))) {
    return bad(subject, text, 'to create them again, as the owner of the tables: ', {
      command: 'init',
    })
  }
  return bad(subject, text, 'restore them from a backup of the schema (pg_dump --schema-only)')
}

function rightsFinding(
  tables: readonly InspectedRow[],
  functions: readonly InspectedRow[],
  schema: string,
  role: string,
): Finding {
  const missing = tables.flatMap((table) => {
    const name = String(table.name)
    // Only a migration writes it.
    const needed = name === 'mac_schema' ? (['select'] as const) : RIGHTS
    if (name !== 'mac_schema' && !TABLES.includes(name)) return []
    const lacking = needed.filter((right) => table[right] !== true)
    return lacking.length === 0 ? [] : [`${lacking.join(', ')} on ${name}`]
  })
  const closed = functions.filter(({ execute }) => execute !== true)
  missing.push(...closed.map(({ name }) => `execute on ${name}`))
  if (missing.length === 0) return good('rights', `the role ${role} has all that servers need`)
  return bad(
    'rights',
    `the role ${role} lacks ${missing.join('; ')}: requests get a 503`,
    `grant select, insert, update, delete on all tables in schema ${quoted(schema)} to ${quoted(role)}` +
      (closed.length === 0
        ? ''
        : `; grant execute on all functions in schema ${quoted(schema)} to ${quoted(role)}`),
  )
}

/** A name as SQL. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** With more dead rows than live ones, and than this, cleanup by PostgreSQL lags behind. */
const MANY_DEAD = 100_000

/** Checks the table of nonces, and what guards it. */
export async function nonceTableFindings({ rows, state }: Inspected): Promise<Finding[]> {
  const [table] = await rows(NONCES)
  const counted = Number(table?.rows ?? 0)
  const exact = Number(table?.estimate) < 0 || counted <= COUNTED
  const size = bytes(Number(table?.size ?? 0))
  const many = exact ? `${counted}` : `about ${Number(table?.estimate)}`
  const findings = [good('nonces', `${many} stored, ${size} on disk`)]
  const isOff =
    table?.autovacuum === 'off' ||
    /autovacuum_enabled=(?:false|off|0)/.test(String(table?.options ?? ''))
  const dead = Number(table?.dead ?? 0)
  if (isOff) {
    findings.push(
      bad(
        'vacuum',
        `autovacuum is off${table?.autovacuum === 'off' ? '' : ' for mac_nonces'}: the table grows without end`,
        'set autovacuum = on; alter table mac_nonces reset (autovacuum_enabled)',
      ),
    )
  } else if (dead > MANY_DEAD && dead > Number(table?.live ?? 0)) {
    findings.push(
      note(
        'vacuum',
        `mac_nonces has ${dead} dead rows: autovacuum lags behind, or an open transaction holds it up`,
        'look for old transactions in pg_stat_activity (xact_start)',
      ),
    )
  } else findings.push(good('vacuum', `autovacuum is on; mac_nonces has ${dead} dead rows`))
  findings.push(await guardFinding({ rows, state }))
  return findings
}

const COUNTED = 100_000
const NONCES = `select (select count(*) from (select 1 from mac_nonces limit ${COUNTED + 1}) as counted)::int as rows,
    c.reltuples::float8 as estimate, pg_total_relation_size(c.oid)::float8 as size,
    array_to_string(c.reloptions, ',') as options, current_setting('autovacuum') as autovacuum,
    coalesce(s.n_dead_tup, 0)::float8 as dead, coalesce(s.n_live_tup, 0)::float8 as live
  from pg_class c left join pg_stat_all_tables s on s.relid = c.oid
  where c.oid = to_regclass('mac_nonces')`

const GUARD = `select extract(epoch from clock_timestamp())::float8 as now, mac_place() as place,
  (select count(*)::int from mac_canary where server = pg_postmaster_start_time()
    and file = pg_relation_filepath('mac_canary') and nonces = 'mac_nonces'::regclass) as canaries`

/** Checks whether nonces were lost since the last request, and what is rejected because of a loss. */
async function guardFinding({ rows, state }: Pick<Inspected, 'rows' | 'state'>): Promise<Finding> {
  // Not by mac_told(), which may write.
  const [told] = await rows(GUARD)
  if (Number(told?.canaries) !== 1) {
    return note(
      'loss',
      'PostgreSQL was restarted, has crashed, or was promoted or restored since the last request. The next one finds out whether nonces may be lost; then requests that were signed earlier are rejected, so that none is accepted twice',
    )
  }
  const floor = (await state('nonce_floor')) ?? 0
  const left = Math.ceil(floor - Number(told?.now))
  if (left > 0) {
    return note(
      'loss',
      `nonces were lost or removed by hand: requests with timestamps of the next ${left} seconds are rejected too, so that none is accepted twice`,
      'wait; clients may sign again after that',
    )
  }
  if (told?.place === null) {
    return note(
      'loss',
      'no nonces were lost since the last request. But this role may not find out whether a restart loses nonces, so each restart of PostgreSQL counts as a loss',
      'as a superuser: grant execute on function pg_control_system() to the role',
    )
  }
  return good('loss', 'no nonces were lost since the last request')
}
