import {
  CamelCasePlugin,
  type Dialect,
  DummyDriver,
  Kysely,
  MssqlDialect,
  MysqlDialect,
  PostgresDialect,
  SqliteAdapter,
  SqliteDialect,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { BunSqliteDialect } from 'kysely-bun-sqlite'
import pg from 'pg'
import { parse } from 'pg-connection-string'
import { createMac, type MacOptions } from '../../src/index.ts'
import { databaseLabel, databaseSource, postgresTarget } from '../../src/store/database-url.ts'
import { nonceLabel, nonceSource } from '../../src/store/nonce-source.ts'
import { describe, expect, test } from '../support/runner.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'

/** Returns the message of the error that `createMac` throws for a database. */
function complaint(database: unknown, more: MacOptions = {}): string {
  try {
    createMac({ database: database as MacOptions['database'], ...more })
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as TypeError).message
  }
  throw new Error('createMac did not throw.')
}

const kysely = (dialect: Dialect) => new Kysely<unknown>({ dialect })
/** Stands for an object of another package. No method of it is called. */
const nothing = new Proxy(function constructible() {}, {
  get: () => nothing,
  construct: () => ({}),
}) as never

describe('createMac throws for a Kysely that is not on SQLite or PostgreSQL:', () => {
  test.each([
    ["MySQL's SQL", new MysqlDialect({ pool: nothing })],
    ["SQL Server's SQL", new MssqlDialect({ tarn: nothing, tedious: nothing })],
  ])('it writes %s', (language, dialect) => {
    for (const database of [
      kysely(dialect),
      new Kysely<unknown>({ dialect, plugins: [new CamelCasePlugin()] }),
    ]) {
      const message = complaint(database)
      expect(message).toContain(
        `database: must be a Kysely on SQLite or PostgreSQL: this one writes ${language}`,
      )
      expect(message).toContain('Pass a URL such as "sqlite:mac.db"')
    }
  })

  test('it writes an unknown SQL', () => {
    class Odd extends SqliteQueryCompiler {
      protected override getCurrentParameterPlaceholder() {
        return ':one'
      }
    }
    const message = complaint(kysely(ownDialect(() => new Odd())))
    expect(message).toContain('another SQL (select "value" from "mac_state" where "name" = :one)')
  })
})

/** A custom dialect for another driver, made of Kysely's parts for SQLite. */
function ownDialect(compiler = () => new SqliteQueryCompiler()): Dialect {
  class OwnAdapter extends SqliteAdapter {}
  return {
    createAdapter: () => new OwnAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: compiler,
  }
}

describe('createMac accepts a Kysely on SQLite:', () => {
  test.each([
    ['SqliteDialect', () => new SqliteDialect({ database: nothing })],
    [
      'SqliteDialect whose database is opened later',
      () => new SqliteDialect({ database: nothing }),
    ],
    ['BunSqliteDialect', () => new BunSqliteDialect({ database: nothing })],
    ['a custom dialect', () => ownDialect()],
    [
      'a custom dialect with numbered parameters',
      () => {
        class Numbered extends SqliteQueryCompiler {
          protected override getCurrentParameterPlaceholder() {
            return `?${this.numParameters}`
          }
        }
        return ownDialect(() => new Numbered())
      },
    ],
  ])('%s', (_, dialect) => {
    expect(createMac({ database: kysely(dialect()) }).withMac).toBeInstanceOf(Function)
    const plugins = [new CamelCasePlugin({ upperCase: true })]
    const database = new Kysely<unknown>({ dialect: dialect(), plugins })
    expect(createMac({ database }).withMac).toBeInstanceOf(Function)
  })

  test('a dialect for this runtime, and the Mac works', async () => {
    const mac = createMac({ database: kysely(await applicationDialect(openDatabase(':memory:'))) })
    expect((await mac.createCredential('ada')).user).toBe('ada')
    await mac.close()
  })
})

/** No server is there. `createMac` does not connect. */
const NOWHERE = 'postgres://user:secret@127.0.0.1:1/db'

describe('createMac accepts PostgreSQL, and does not connect:', () => {
  test.each([
    ['a URL', () => NOWHERE],
    ['a URL with postgresql:', () => NOWHERE.replace('postgres:', 'postgresql:')],
    ['a Pool of pg', () => new pg.Pool({ connectionString: NOWHERE })],
    ['PostgresDialect', () => kysely(new PostgresDialect({ pool: new pg.Pool() }))],
    [
      'PostgresDialect whose pool is opened later',
      () => kysely(new PostgresDialect({ pool: nothing })),
    ],
    [
      'PostgresDialect with a plugin',
      () => {
        const dialect = new PostgresDialect({ pool: new pg.Pool() })
        return new Kysely<unknown>({ dialect, plugins: [new CamelCasePlugin()] })
      },
    ],
  ])('%s', (_, make) => {
    expect(createMac({ database: make() as MacOptions['database'] }).withMac).toBeInstanceOf(
      Function,
    )
  })
})

class Handle {
  prepare() {}
  pragma() {}
  close() {}
}
class Pool {
  query() {}
  getConnection() {}
}

describe('createMac throws for something else than a database, and says what to pass:', () => {
  const urlOf = 'must be a URL such as "sqlite:mac.db" or "postgres://…", a Kysely, or a Pool of pg'
  test.each([
    ['a Client of pg', () => new pg.Client(), 'one connection, so pass a Pool, or the URL'],
    ['a pool of mysql2', () => new Pool(), 'this is a client of another database'],
    [
      "this runtime's own handle",
      () => openDatabase(':memory:'),
      'this is an open SQLite database',
    ],
    [
      'a handle like that of better-sqlite3',
      () => new Handle(),
      'pass the URL of its file, or a Kysely that uses it',
    ],
    ['a dialect', () => new SqliteDialect({ database: nothing }), 'pass new Kysely({ dialect })'],
    ['a URL as an object', () => new URL('sqlite:mac.db'), 'pass the text of this URL, its href'],
    ['a promise', () => Promise.resolve('sqlite:mac.db'), `${urlOf}, not a promise (await it)`],
    ['null', () => null, `${urlOf}, not null`],
    ['a path as bytes', () => new Uint8Array(1), `${urlOf}, not a Uint8Array`],
  ])('%s', (_, make, fault) => {
    expect(complaint(make())).toContain(fault)
  })

  test.each([
    ['mac.db', '"mac.db" is not a URL: write "sqlite:mac.db"'],
    ['./data/my app.db', 'write "sqlite:./data/my app.db"'],
    ['/var/lib/mac.db', 'write "sqlite:/var/lib/mac.db"'],
    ['C:\\data\\mac.db', 'write "sqlite:C:\\\\data\\\\mac.db"'],
    [':memory:', 'write "sqlite::memory:"'],
    ['', 'it is empty: write sqlite:path/to/file.db'],
    ['file:mac.db', 'file: is not a supported database URL: write sqlite:'],
    ['postgres:', 'this postgres: URL cannot be read: write postgres://user:password@host'],
    ['postgres:u:secret@h/db', 'this postgres: URL cannot be read'],
    ['postgresql:/u:secret@h/db', 'this postgres: URL cannot be read'],
    ['postgres://u:secret', 'this postgres: URL cannot be read'],
    ['postgres://u:secret@', 'this postgres: URL cannot be read'],
    ['postgres://u:secret@h:99999/db', 'this postgres: URL cannot be read'],
    ['postgres:///db?host=h&port=secret', 'this postgres: URL cannot be read'],
    ['postgres://u:a%E9secret@h/db', 'this postgres: URL cannot be read'],
    // Without the rule that a password must be encoded, "5" and "secret" would be a host, a port or a database.
    ['postgres://secret:5/6@h/db', 'write %40 for a @, %2F for a /'],
    ['postgres://secret:5?6@h/db', '%3F for a ?'],
    ['postgres://secret:5#6@h/db', '%23 for a #'],
    ['postgres://secret:5#6', '%23 for a #'],
    ['postgres://u:p@secret,b/db', 'names several hosts, and pg connects to one'],
    ['postgres://u:p@secret:1,b:2/db', 'names several hosts'],
    ['postgres:///db?host=a,secret', 'names several hosts'],
    ['socket:/run/secret?db=mac', 'socket: is not a supported database URL: write postgres:///'],
    ['mysql://u:secret@h/db', 'mysql: is not a supported database URL, because withmac supports'],
    ['libsql://h?authToken=secret', 'libsql: is not a supported database URL'],
    ['host=h password=secret', 'it is not a supported database URL: write sqlite:'],
    ['u:secret@h/db', 'write sqlite:path/to/file.db, sqlite::memory: or postgres://'],
  ])('the text %j', (text, fault) => {
    const message = complaint(text)
    expect(message).toContain(fault)
    expect(message).not.toContain('secret')
  })
})

describe('a URL of PostgreSQL leads where pg connects to, and its label has no secret:', () => {
  test.each([
    ['postgres://u:secret@h/db', 'postgres://h/db'],
    ['postgresql://u:secret@h:5433/db', 'postgres://h:5433/db'],
    ['POSTGRES://u:secret@h', 'postgres://h'],
    ['postgres://u:p@secret@h/db', 'postgres://h/db'],
    ['postgres://u:100%secret@h/db', 'postgres://h/db'],
    ['postgres://u:a secret@h/db', 'postgres://h/db'],
    ['postgres://h/db?password=secret&user=u', 'postgres://h/db'],
    ['postgres://u:secret@h/db?host=other&port=5434', 'postgres://other:5434/db'],
    ['postgres://u:secret@[::1]:5432/db', 'postgres://[::1]:5432/db'],
    ['postgres:///db?host=/run/postgresql', 'postgres://%2Frun%2Fpostgresql/db'],
    ['postgres://u:secret@/db?host=/cloudsql/a:b:c', 'postgres://%2Fcloudsql%2Fa%3Ab%3Ac/db'],
    ['postgres://u:secret@%2Frun%2Fpostgresql/db', 'postgres://%2Frun%2Fpostgresql/db'],
    ['postgres:///db', 'postgres:///db'],
    ['postgres://', 'postgres://'],
  ])('%s', (url, label) => {
    const source = databaseSource(url)
    expect(databaseLabel(source)).toBe(label)
    const target = postgresTarget(url)
    const { host, port, database } = parse(url)
    expect({ ...target, database: decodeURI(target.database) }).toEqual({
      host: host ?? '',
      port: port ?? '',
      database: database ?? '',
    })
    // The label is a URL for the same database.
    expect(postgresTarget(label)).toEqual(target)
  })
})

describe('a URL of Redis is refused without showing it:', () => {
  test.each([
    'redis://u:secret',
    'redis://u:secret@',
    'redis:/u:secret@h',
    'redis://u:5/6secret@h',
    'redis://secret:5/6@h',
    'redis://secret:5#6@h',
    'redis://secret:5?6@h',
    'http://u:secret@h',
    '',
  ])('%j', (nonces) => {
    const message = complaint('sqlite::memory:', { nonces })
    expect(message).toContain('nonces: must be a URL that starts with redis://')
    expect(message).not.toContain('secret')
  })
})

test.each([
  ['redis://u:secret@h:6380/2', 'redis://h:6380'],
  ['rediss://:p@secret@h', 'redis://h'],
  ['valkeys://h', 'redis://h'],
])('the label of the nonces in %s has no secret', (url, label) => {
  expect(nonceLabel({ ...nonceSource(url), keyPrefix: 'a' })).toBe(label)
})
