import { Client } from 'pg'

let count = 0

/**
 * Creates a new schema, in which a test has its own tables.
 * @returns The URL with which a connection uses this schema.
 */
export async function newSchema(server: string): Promise<string> {
  const name = `test_${process.pid}_${count++}`
  await inPostgres(server, (client) => client.query(`create schema ${name}`))
  return `${server}?options=-csearch_path%3D${name}`
}

/** Runs work on a connection of its own. */
export async function inPostgres<Result>(
  connectionString: string,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** @returns The rows of a query. */
export async function rowsIn(
  connectionString: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Readonly<Record<string, unknown>>[]> {
  return inPostgres(
    connectionString,
    async (client) => (await client.query(text, [...values])).rows,
  )
}
