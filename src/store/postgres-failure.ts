/**
 * Explains why PostgreSQL failed, or why it cannot be reached, with the text of the server or the driver. Returns
 * `null` for an error that is neither. The text has no password: neither of the two writes it into errors.
 */
export function postgresReason(error: unknown): string | null {
  const { code, message, severity, errors } = (error ?? {}) as Record<string, unknown>
  // A name with several addresses gives an error for each.
  if (Array.isArray(errors) && message === '') return postgresReason(errors[0])
  if (typeof message !== 'string') return null
  const isAnswer = typeof severity === 'string'
  const words = wordsFor(String(code), message, isAnswer)
  if (words === null) return null
  return `${words} (${isAnswer ? `PostgreSQL: ${message}` : message})`
}

function wordsFor(code: string, message: string, isAnswer: boolean): string | null {
  const texts = isAnswer ? SAID_BY_SERVER : SAID_BY_DRIVER
  const said = texts.find(([text]) => text.test(message))?.[1]
  if (said !== undefined) return said
  const words = isAnswer ? STATES : SYSTEM
  return words[code] ?? (isAnswer ? (words[code.slice(0, 2)] ?? null) : null)
}

const GRANT =
  'its user lacks a right. withmac creates tables, and reads and writes them; so let the owner of the database ' +
  'run: grant usage, create on schema public to THE_USER. If the tables of withmac are there, they belong to another ' +
  'user: let that one grant select, insert, update, delete on them'
const PREPARED =
  'a prepared statement is missing on the connection: is PgBouncer or another proxy between? Set the option ' +
  'preparedStatements to false'
const TABLES =
  'its tables are not those of withmac: they were changed or removed, or belong to another program. Restore a ' +
  'backup, or use another schema (?options=-csearch_path%3DNAME in the URL)'
const ENDED = 'the connection was ended. withmac connects again with the next request'
const TLS_NEEDED = 'it accepts only encrypted connections: add ?sslmode=verify-full to the URL'
const SCHEMA = 'the schema of its search_path does not exist: create it, or correct the search_path'
const ENCODING = 'its encoding cannot hold every text: create the database with the encoding UTF8'
const STANDBY =
  'it accepts no writes, so it is a standby, or default_transaction_read_only is on: give withmac the address of ' +
  'the primary'

/** What the server's SQLSTATE codes mean, or their first two characters. */
const STATES: Readonly<Record<string, string>> = {
  '08': ENDED,
  '22021': ENCODING,
  '22P05': ENCODING,
  '25006': STANDBY,
  '26000': PREPARED,
  '28000': 'it does not let this user in: look at pg_hba.conf, and at the user in the URL',
  '28P01': 'the user or the password is wrong: correct the URL',
  '3D000': 'there is no such database: create it, or correct the name at the end of the URL',
  '3F000': SCHEMA,
  '40001': 'another transaction changed the same rows, twice: try again',
  '40P01': 'transactions waited for each other, twice: try again',
  '42501': GRANT,
  '42703': TABLES,
  '42P01': TABLES,
  '42P05': PREPARED,
  '42P07': TABLES,
  '42883': TABLES,
  '53100': 'its disk is full: free some space',
  '53200': 'it is out of memory',
  '53300':
    'it has too many connections: lower the option connections, raise max_connections, or put PgBouncer between',
  '55P03':
    'another connection has held a lock for too long: look for an open transaction in pg_stat_activity',
  '57014':
    'a statement took longer than statement_timeout, or was cancelled: look for locks in pg_stat_activity',
  '57P01': 'the server shuts down, or an administrator ended the connection',
  '57P02': 'the server has crashed, and recovers',
  '57P03': 'the server is starting or shutting down: try again in a moment',
  '57P05': ENDED,
  '58030': 'its disk has failed: look at its log',
  XX001: 'its content is damaged: restore a backup',
  XX002: 'an index is damaged: run REINDEX, or restore a backup',
}

/** Texts of the server that say more than their code. */
const SAID_BY_SERVER: readonly (readonly [RegExp, string])[] = [
  [/no encryption|SSL off|requires? (?:SSL|TLS)/i, TLS_NEEDED],
  [
    /unsupported startup parameter/,
    'a proxy such as PgBouncer refuses a setting of the URL: leave it out of the URL, or let the proxy ignore it ' +
      '(ignore_startup_parameters)',
  ],
  [/no schema has been selected/, SCHEMA],
]

/** Texts of the package pg, which has no codes for these. */
const SAID_BY_DRIVER: readonly (readonly [RegExp, string])[] = [
  [
    /password must be (?:a string|a non-empty string)/,
    'it demands a password: write postgres://user:password@host/database, or set PGPASSWORD',
  ],
  [
    /server does not support SSL/,
    'it has no encryption, and the URL demands it: turn ssl on in the server, or remove sslmode from the URL',
  ],
  [
    /timeout exceeded when trying to connect/,
    'no connection was free in time: raise the option connections, or look for slow statements in ' +
      'pg_stat_activity',
  ],
  [
    /terminated due to connection timeout|Connection timeout|timeout expired/i,
    'it could not be reached in time: check host, port and firewall',
  ],
  [/Query read timeout/, 'it did not answer in time. Whether the statement was done is not known'],
  [/Connection terminated|not queryable|connection error/i, ENDED],
  [/after calling end on the pool/, 'its pool was ended, by another part of the application'],
]

const UNTRUSTED =
  'its certificate is not trusted: give the file of its authority, as in ?sslmode=verify-full&sslrootcert=ca.pem'
const UNREACHABLE = 'it cannot be reached: check host, port and firewall'
const NO_SUCH_HOST = 'there is no such host: correct the name in the URL'

/** What the codes of the system mean, and those of TLS. */
const SYSTEM: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: is PostgreSQL running, and are host and port right?',
  ENOENT:
    'there is no such socket (is PostgreSQL running, and is the folder right?), or no file of a certificate that the URL names',
  ENOTFOUND: NO_SUCH_HOST,
  EAI_AGAIN: 'the name of its host could not be looked up: check the name, and DNS',
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ECONNRESET: ENDED,
  EPIPE: ENDED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host: correct the host in the URL',
}
