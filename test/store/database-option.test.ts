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
import { createMac, type MacOptions } from '../../src/index.ts'
import { describe, expect, test } from '../support/runner.ts'
import { applicationDialect, openDatabase } from '../support/sqlite.ts'

/** Returns the message of the error that `createMac` throws for a database. */
function complaint(database: unknown): string {
  try {
    createMac({ database: database as MacOptions['database'] })
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

describe('createMac throws for a Kysely that is not on SQLite:', () => {
  const pool = new pg.Pool({ connectionString: 'postgres://user:secret@127.0.0.1:1/db' })
  test.each([
    ["PostgreSQL's SQL", new PostgresDialect({ pool })],
    ["MySQL's SQL", new MysqlDialect({ pool: nothing })],
    ["SQL Server's SQL", new MssqlDialect({ tarn: nothing, tedious: nothing })],
  ])('it writes %s', (language, dialect) => {
    for (const database of [
      kysely(dialect),
      new Kysely<unknown>({ dialect, plugins: [new CamelCasePlugin()] }),
    ]) {
      const message = complaint(database)
      expect(message).toContain(`database: must be a Kysely on SQLite: this one writes ${language}`)
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
  const urlOf = 'must be a URL such as "sqlite:mac.db", or a Kysely'
  test.each([
    [
      'a Pool of pg',
      () => new pg.Pool(),
      `${urlOf} on SQLite: this is a client of another database`,
    ],
    ['a Client of pg', () => new pg.Client(), 'this is a client of another database'],
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
    [
      'postgres://u:secret@h/db',
      'postgres: is not a supported database URL, because withmac supports',
    ],
    ['mysql://u:secret@h/db', 'mysql: is not a supported database URL, because withmac supports'],
    ['libsql://h?authToken=secret', 'libsql: is not a supported database URL'],
    ['host=h password=secret', 'it is not a supported database URL: write sqlite:'],
    ['u:secret@h/db', 'write sqlite:path/to/file.db or sqlite::memory:'],
  ])('the text %j', (text, fault) => {
    const message = complaint(text)
    expect(message).toContain(fault)
    expect(message).not.toContain('secret')
  })
})
