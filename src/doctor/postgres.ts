import {
  databaseLabel,
  type KyselySource,
  type PoolSource,
  type PostgresUrl,
} from '../store/database-url.ts'
import { reasonOf } from '../store/store-failure.ts'
import { clockFinding } from './clock.ts'
import { bad, type Finding, good, note } from './finding.ts'
import { type Inspected, type InspectedRow, runtimeName } from './inspect.ts'
import { type InspectedPostgres, withPostgres } from './inspect-postgres.ts'
import { nonceTableFindings, tableFindings } from './postgres-tables.ts'
import { roundTripFinding } from './round-trip.ts'

/** The earliest version that withmac works with. */
const EARLIEST_VERSION = 13
/** How many of all connections may be in use without a note. */
const MANY = 0.8

/** Checks the content of the tables, once they are there. */
type CheckContent = (inspected: Inspected) => Promise<readonly Finding[]>

/**
 * Checks a PostgreSQL: the server, the connection, the tables, and what the role may do. It only reads, and waits
 * for each answer for at most three seconds.
 */
export async function postgresFindings(
  source: PostgresUrl | PoolSource | KyselySource,
  checkContent: CheckContent,
): Promise<Finding[]> {
  const label = databaseLabel(source)
  const found: Finding[] = []
  try {
    await withPostgres(source, async (postgres) => {
      const { inspected, driver } = postgres
      found.push(good('runtime', `${runtimeName()}, ${driver}, on ${process.platform}`))
      const began = performance.now()
      const [server] = await inspected.rows(SERVER)
      if (server === undefined) throw new Error('it gave no answer')
      const tookOnce = performance.now() - began
      found.push(
        serverFinding(server, 'url' in source ? label : null),
        ...standbyFindings(server),
        ...poolerFindings(server, postgres),
        await roundTripFinding('PostgreSQL', () => inspected.value('select 1'), tookOnce),
        isolationFinding(server, 'url' in source),
        ...durabilityFindings(server),
        connectionsFinding(server),
      )
      const tables = await tableFindings(inspected, server)
      found.push(...tables.findings)
      if (tables.complete) {
        found.push(...(await checkContent(inspected)), ...(await nonceTableFindings(inspected)))
      }
      found.push(await clockFinding('the clock of PostgreSQL', () => inspected.value(CLOCK)))
    })
    return found
  } catch (error) {
    const text = reasonOf(error, null)
    if (found.length > 0) return [...found, bad('content', `it cannot be read: ${text}`, UNUSABLE)]
    return [bad('server', `${label} cannot be used: ${text}`, UNUSABLE)]
  }
}

const UNUSABLE = 'until this works, servers answer every request with a 503'

const CLOCK = 'select extract(epoch from clock_timestamp())::float8'

const SERVER = `select version() as version, current_setting('server_version_num')::int as number,
    current_database() as database, current_user as role, pg_backend_pid() as process,
    host(inet_server_addr()) as address, inet_server_port() as port,
    pg_is_in_recovery() as standby,
    current_setting('transaction_isolation') as isolation,
    current_setting('synchronous_commit') as synchronous,
    current_setting('synchronous_standby_names') as standbys,
    current_setting('wal_writer_delay') as delay,
    current_setting('fsync') as fsync, current_setting('full_page_writes') as pages,
    current_setting('autovacuum') as autovacuum,
    (select count(*)::int from pg_stat_replication) as replicas,
    (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connected,
    (select count(*)::int from pg_stat_activity where application_name = 'withmac') as own,
    current_setting('max_connections')::int as most,
    current_setting('superuser_reserved_connections')::int as reserved,
    (select rolconnlimit from pg_roles where rolname = current_user) as role_most`

function serverFinding(server: InspectedRow, label: string | null): Finding {
  const { address, port, database, role, number } = server
  const version = /^\S+ \S+/.exec(String(server.version))?.[0] ?? String(server.version)
  const at = address === null ? 'a socket' : `${address}:${port}`
  const through = label === null ? at : `${label} (${at})`
  const text = `${version} at ${through}, database ${database}, role ${role}`
  if (Number(number) >= EARLIEST_VERSION * 10_000) return good('server', text)
  return bad('server', text, `withmac needs PostgreSQL ${EARLIEST_VERSION} or later`)
}

function standbyFindings({ standby, replicas, standbys }: InspectedRow): Finding[] {
  if (standby === true) {
    return [
      bad(
        'primary',
        'this server is a standby: servers reject every request here, because a revoked credential may still be valid on it',
        'use the address of the primary',
      ),
    ]
  }
  const count = Number(replicas)
  if (count === 0)
    return [good('primary', 'this server is the primary, and no standby is connected')]
  const many = count === 1 ? 'one standby is' : `${count} standbys are`
  if (standbys !== '') {
    return [
      good(
        'primary',
        `this server is the primary; ${many} connected, and commits wait for ${standbys}`,
      ),
    ]
  }
  return [
    note(
      'primary',
      `this server is the primary; ${many} connected, and commits do not wait for any: after a failover the latest changes may be missing, also a revocation. withmac notices the failover, and rejects requests that were signed before it`,
      'to lose nothing, set synchronous_standby_names. In any case make sure that the old primary is stopped (fenced) before a standby is promoted',
    ),
  ]
}

/** Something between this process and PostgreSQL that gives out another process than it announced. */
function poolerFindings(
  { process: answering }: InspectedRow,
  { processId }: InspectedPostgres,
): Finding[] {
  if (processId === null || processId === Number(answering)) return []
  return [
    note(
      'pooler',
      'something between here and PostgreSQL pools connections, such as PgBouncer',
      'PgBouncer before 1.21, or with max_prepared_statements = 0, needs the option preparedStatements: false; otherwise requests get a 503',
    ),
  ]
}

function isolationFinding({ isolation }: InspectedRow, isOwn: boolean): Finding {
  if (isolation === 'read committed') return good('isolation', 'read committed')
  if (isOwn) {
    return note(
      'isolation',
      `${isolation} by default. withmac sets read committed on its own connections, but not with preparedStatements: false: then every request gets a 503`,
      "to be safe: alter role … set default_transaction_isolation = 'read committed'",
    )
  }
  return bad(
    'isolation',
    `${isolation} by default, in which a replay could not be noticed: so every request gets a 503`,
    "alter role … set default_transaction_isolation = 'read committed', and open the connections anew",
  )
}

function durabilityFindings({ fsync, pages, synchronous, delay }: InspectedRow): Finding[] {
  const found: Finding[] = []
  const isSynced = fsync === 'on'
  if (!isSynced) {
    found.push(
      bad(
        'fsync',
        'fsync is off: a power cut can damage the whole database',
        'set fsync = on; off is only for tests',
      ),
    )
  }
  if (pages !== 'on') {
    found.push(
      note(
        'fsync',
        'full_page_writes is off: a power cut can damage pages, unless the file system writes them as a whole (such as ZFS)',
        'set full_page_writes = on, unless you are sure',
      ),
    )
  }
  if (synchronous === 'off') {
    found.push(
      note(
        'commits',
        `synchronous_commit is off: if PostgreSQL crashes, up to three times ${delay} (wal_writer_delay) of commits are lost, also a revocation. withmac notices the loss of nonces, and rejects requests that were signed before the crash, so none is accepted twice`,
        'set synchronous_commit = on, if a revocation must never be lost',
      ),
    )
  } else if (isSynced) {
    const meaning: Record<string, string> = {
      local: 'each commit is on the disk of this server; standbys may lack the latest',
      remote_write: 'each commit is on the disk of this server, and standbys have received it',
      remote_apply: 'each commit is on the disk of this server, and standbys have applied it',
    }
    const text = meaning[String(synchronous)] ?? 'each commit is on disk before it is answered'
    found.push(good('commits', `synchronous_commit is ${synchronous}: ${text}`))
  }
  return found
}

function connectionsFinding(server: InspectedRow): Finding {
  const used = Number(server.connected)
  const most = Number(server.most) - Number(server.reserved)
  const roleMost = Number(server.role_most)
  const forRole = roleMost >= 0 ? `; the role may have ${roleMost}` : ''
  const text = `${used} of ${most} in use, ${server.own} of them named withmac${forRole}`
  if (used < most * MANY) return good('connections', text)
  return note(
    'connections',
    `${text}: if none is free, requests get a 503`,
    'raise max_connections, lower the option connections (8 for each process), or use PgBouncer',
  )
}
