import { Kysely } from 'kysely'
import { applicationDialect, type Connection } from './sqlite.ts'

/** A statement that was run, with the rows that it gave. */
export interface Read {
  readonly sql: string
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** A Kysely on a connection, and all that is read through it. */
export interface Recorded {
  // biome-ignore lint/suspicious/noExplicitAny: as an application has it, with tables of its own.
  readonly database: Kysely<any>
  /** Is emptied by whoever looks at it. */
  readonly reads: Read[]
  /** Is called after each statement that gave rows, before the library has them. */
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
