import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { check } from './checks.mjs'
import { withDatabase } from './database.mjs'
import { send } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, signed } from './sign.mjs'

/** Where no database is given: the variable's, else `mac.db` in the working directory. */
export function defaultDatabase(adapter) {
  return withDatabase(async ({ folder }) => {
    const path = join(folder, 'mac.db')
    const server = { adapter, folder, handlers: ['bareFunctions'], bareFunctions: ADA }
    await letsIn('by default', server)
    check('mac.db is there', existsSync(path), true)
    check('for its owner alone', (statSync(path).mode & 0o777).toString(8), '600')

    // Were it not the same database, the credential would be made anew, and the key shown.
    const variables = { MAC_DATABASE_URL: `sqlite:${path}` }
    await letsIn('by the variable', { ...server, variables })
    const memory = { MAC_DATABASE_URL: 'sqlite::memory:' }
    await letsIn('in memory', { ...server, variables: memory })
  })
}

async function letsIn(how, options) {
  const server = await startServer(options)
  const request = signed({ host: 'example.com' })
  const port = server.ports.bareFunctions
  check(`${how}, signed`, (await send(port, request)).status, 200)
  check(`${how}, again`, (await send(port, request)).status, 401)
  await server.kill()
}
