import { Pool } from 'pg'
import { afterAll, describe } from '../support/runner.ts'
import { startPostgres } from '../support/servers/postgres.ts'
import { ownClientContract, sharedContract } from './limits/contract.ts'

const server = await startPostgres()
afterAll(() => server[Symbol.asyncDispose]())

describe('limits that are counted in PostgreSQL:', () => {
  sharedContract(server)

  ownClientContract('a pool of pg', async () => {
    const client = new Pool({ connectionString: server.url })
    return { client, ask: () => client.query('select 1'), end: () => client.end() }
  })
})
