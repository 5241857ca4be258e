import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, describe } from '../support/runner.ts'
import { startRedis } from '../support/servers/redis.ts'
import { ownClientContract, sharedContract } from './limits/contract.ts'

const server = await startRedis()
afterAll(() => server[Symbol.asyncDispose]())

describe('limits that are counted in Redis:', () => {
  sharedContract(server)

  ownClientContract('a client of redis', async () => {
    const client = createClient({ url: server.url })
    await client.connect()
    return { client, ask: () => client.ping(), end: () => client.close() }
  })

  ownClientContract('a client of ioredis', async () => {
    const client = new Redis(server.url)
    await client.ping()
    return { client, ask: () => client.ping(), end: () => client.quit() }
  })
})
