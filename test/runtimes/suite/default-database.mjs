import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { check } from './checks.mjs'
import { withDatabase } from './database.mjs'
import { send } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, signed } from './sign.mjs'

/** Checks the default database: from the variable, otherwise `mac.db` in the working directory. */
export function defaultDatabase(adapter) {
  return withDatabase(async ({ folder }) => {
    const path = join(folder, 'mac.db')
    const server = { adapter, folder, handlers: ['bareFunctions'], bareFunctions: ADA }
    await accepts('by default', server)
    check('mac.db exists', existsSync(path), true)
    check('only its owner can read it', (statSync(path).mode & 0o777).toString(8), '600')

    // It must be the same database, in which the credential exists.
    const variables = { MAC_DATABASE_URL: `sqlite:${path}` }
    await accepts('by the variable', { ...server, variables })
    const memory = { MAC_DATABASE_URL: 'sqlite::memory:' }
    await accepts('in memory', { ...server, variables: memory })
  })
}

async function accepts(how, options) {
  const server = await startServer(options)
  const request = signed({ host: 'example.com' })
  const port = server.ports.bareFunctions
  check(`${how}, signed`, (await send(port, request)).status, 200)
  check(`${how}, again`, (await send(port, request)).status, 401)
  await server.kill()
}
