import { Kysely } from 'kysely'
import { applicationDialect, type Connection } from './sqlite.ts'

/** A statement that was run, and the rows that it returned. */
export interface Read {
  readonly sql: string
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** A Kysely on a connection, and a record of everything that is read through it. */
export interface Recorded {
  // biome-ignore lint/suspicious/noExplicitAny: an application has its own tables in it.
  readonly database: Kysely<any>
  /** The reads so far. A test empties it. */
  readonly reads: Read[]
  /** Called after each statement that returned rows, before the library gets them. */
  after: (read: Read) => void
}

/** Records what the library reads. */
export async function recorded(connection: Connection): Promise<Recorded> {
  const reads: Read[] = []
  const recording = new Proxy(connection, {
    get(target, name) {
      if (name !== 'prepare') return bound(target, name)
      return (sql: string) => recordedStatement(sql, target.prepare(sql))
    },
  })
  const recordedStatement = (sql: string, statement: object) =>
    new Proxy(statement, {
      get(target, name) {
        if (name !== 'all') return bound(target, name)
        return (...parameters: never[]) => {
          const rows = (target as { all(...given: never[]): Read['rows'] }).all(...parameters)
          const read = { sql, rows }
          reads.push(read)
          result.after(read)
          return rows
        }
      },
    })
  const dialect = await applicationDialect(recording)
  const result: Recorded = { database: new Kysely({ dialect }), reads, after: () => {} }
  return result
}

function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target)
  return typeof value === 'function' ? value.bind(target) : value
}
