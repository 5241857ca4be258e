import { postgresReason } from '../../src/store/postgres-failure.ts'
import { errorConverter } from '../../src/store/store-failure.ts'
import { expect, test } from '../support/runner.ts'

/** An error as pg makes it of an answer of the server. */
function answer(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, severity: 'FATAL' })
}

test.each([
  [answer('28P01', 'password authentication failed for user "ada"'), 'the password is wrong'],
  [answer('28000', 'no pg_hba.conf entry for host "::1", no encryption'), 'sslmode=verify-full'],
  [answer('53100', 'could not extend file'), 'its disk is full'],
  [answer('53300', 'sorry, too many clients already'), 'lower the option connections'],
  [answer('25006', 'cannot execute UPDATE in a read-only transaction'), 'the primary'],
  [answer('57P01', 'terminating connection'), 'shuts down'],
  [answer('57P03', 'the database system is starting up'), 'try again'],
  [answer('57014', 'canceling statement due to statement timeout'), 'statement_timeout'],
  [answer('26000', 'prepared statement "mac_find" does not exist'), 'preparedStatements to false'],
  [answer('08P01', 'unsupported startup parameter: options'), 'ignore_startup_parameters'],
  [answer('08006', 'connection failure'), 'the connection was ended'],
  [answer('42P01', 'relation "mac_state" does not exist'), 'its tables are not those of withmac'],
])('an answer of PostgreSQL is explained: %s', (error, words) => {
  const { code, message } = errorConverter('The database postgres://host/db')(error)
  expect(code).toBe('ERR_MAC_STORE')
  expect(message).toMatch(/^The database postgres:\/\/host\/db failed: /)
  expect(message).toContain(words)
  expect(message.endsWith(`(PostgreSQL: ${error.message})`)).toBe(true)
})

test.each([
  ['ETIMEDOUT', 'connect ETIMEDOUT 10.0.0.1:5432', 'cannot be reached'],
  ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN db', 'could not be looked up'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'has expired: renew it'],
  [undefined, 'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', 'PGPASSWORD'],
  [undefined, 'The server does not support SSL connections', 'no encryption'],
  [undefined, 'timeout exceeded when trying to connect', 'no connection was free'],
  [undefined, 'Query read timeout', 'is not known'],
  [undefined, 'Connection terminated unexpectedly', 'the connection was ended'],
])('an error of the system or the driver is explained: %s %s', (code, message, words) => {
  expect(postgresReason(Object.assign(new Error(message), { code }))).toContain(words)
})

test('of the errors for several addresses of one name, the first is explained', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED ::1:5432'), {
    code: 'ECONNREFUSED',
  })
  const all = Object.assign(new AggregateError([refused, refused], ''), { code: 'ECONNREFUSED' })
  expect(postgresReason(all)).toMatch(/^nothing listens there.*ECONNREFUSED ::1:5432\)$/)
})

test('an error of neither the server nor the driver is not explained', () => {
  for (const error of [new Error('x'), answer('XX000', 'x'), 'x', null, undefined]) {
    expect(postgresReason(error)).toBeNull()
  }
})
