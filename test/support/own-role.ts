import { inPostgres } from './postgres.ts'

/** A role, and a schema that it owns and that comes first in its search path. */
export interface OwnRole {
  /** The name of both. */
  readonly name: string
  readonly url: string
}

let count = 0

/** Creates a role with a schema of its own in the PostgreSQL of a test. */
export async function ownRole(server: string): Promise<OwnRole> {
  const name = `role_${process.pid}_${count++}`
  await inPostgres(server, async (client) => {
    await client.query(`create role ${name} login`)
    await client.query(`create schema ${name} authorization ${name}`)
  })
  const url = new URL(server)
  url.username = name
  return { name, url: url.href }
}
