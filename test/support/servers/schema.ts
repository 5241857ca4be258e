import { Client } from 'pg'

/** A schema of its own in a PostgreSQL, and a role that owns it. */
export interface OwnSchema extends AsyncDisposable {
  /** The URL for the role, which finds its tables in its schema. */
  readonly url: string
  readonly name: string
}

/** Makes schemas in a PostgreSQL, so that tests do not see each other's tables. */
export interface Schemas extends AsyncDisposable {
  make(): Promise<OwnSchema>
}

let count = 0

/** @param url The URL of a role that may create roles, such as `postgres`. */
export async function schemasIn(url: string): Promise<Schemas> {
  const admin = new Client({ connectionString: url })
  await admin.connect()
  const make = async (): Promise<OwnSchema> => {
    const name = `withmac_${process.pid}_${process.hrtime.bigint()}_${++count}`
    const own = new URL(url)
    own.username = name
    // The schema with the name of the role comes first in the search path.
    await admin.query(`create role ${name} login password '${decodeURIComponent(own.password)}'`)
    await admin.query(`create schema ${name} authorization ${name}`)
    return {
      ...{ url: own.href, name },
      async [Symbol.asyncDispose]() {
        await admin.query(`drop owned by ${name} cascade`)
        await admin.query(`drop role ${name}`)
      },
    }
  }
  return { make, [Symbol.asyncDispose]: () => admin.end() }
}
