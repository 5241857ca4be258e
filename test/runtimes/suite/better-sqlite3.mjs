import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac } from 'withmac'
import { check, note } from './checks.mjs'
import { withDatabase } from './database.mjs'
import { send } from './raw.mjs'
import { runFile, startServer } from './server-process.mjs'
import { ADA, signed } from './sign.mjs'
import { adapters, config, hasBetterSqlite3, isNode, version } from './this-runtime.mjs'

const URL = 'better-sqlite3::memory:'

/** Checks the optional driver: that it opens a database, and otherwise what the error says. */
export async function betterSqlite3() {
  if (hasBetterSqlite3) {
    check('it opens the database', await opened(config.folder), { open: 'opened', better: true })
    await sharesItsFile()
    await deletesKeys()
    await compiledForAnotherNode()
  }
  const { open } = await opened(config.bare)
  if (!isNode) {
    const wanted = `better-sqlite3 does not run on ${version}: write sqlite: instead of better-sqlite3:`
    check('on a runtime without native modules', open, failure(wanted))
    check('although it is installed', (await opened(config.uncompiled)).open, failure(wanted))
    return
  }
  const wanted = `better-sqlite3 is not installed for ${version}: run: npm install better-sqlite3@11`
  check('not installed', open, failure(wanted))
  const uncompiled = await opened(config.uncompiled)
  check('not compiled', uncompiled.open, failure(notCompiledFor(version)))
  note(`not compiled: ${uncompiled.open}`)
}

/** Checks that a request that one driver accepted is a replay for the other, on the same file. */
function sharesItsFile() {
  return withDatabase(async ({ folder, database }) => {
    const [adapter] = adapters
    const accepted = []
    for (const url of [database.replace('sqlite:', 'better-sqlite3:'), database]) {
      const options = { adapter, folder, database: url, handlers: ['required'], credentials: [ADA] }
      const server = await startServer(options)
      const again = accepted.map((request) => status(server, request))
      check(
        `${url.split(':')[0]}, requests from before`,
        await Promise.all(again),
        again.map(() => 401),
      )
      const request = signed({ host: 'example.com' })
      check(`${url.split(':')[0]}, signed`, await status(server, request), 200)
      check(`${url.split(':')[0]}, again`, await status(server, request), 401)
      accepted.push(request)
      await server.kill()
    }
  })
}

/** Checks that a deleted key is not in the file. store/secure-delete.test.ts checks more. */
function deletesKeys() {
  return withDatabase(async ({ folder, database }) => {
    const mac = createMac({ database: database.replace('sqlite:', 'better-sqlite3:') })
    const key = randomBytes(225).toString('base64url')
    for (const [id, given] of [
      ['ada', key],
      ['bob', 'k'.repeat(43)],
    ]) {
      await mac.createCredential('ada', { id, key: given, allowShortKey: true })
    }
    await mac.deleteCredential('ada')
    // This writes the log into the file.
    await mac.close()
    const bytes = readFileSync(join(folder, 'mac.db'), 'latin1')
    const left = key.match(/.{20}/g).filter((piece) => bytes.includes(piece))
    check('a deleted key is not in the file', left, [])
  })
}

/** Opens with the Node that runs the tests, which finds a module that was compiled for this Node. */
async function compiledForAnotherNode() {
  const { path, version: other, modules } = config.otherNode
  if (modules === process.versions.modules) {
    note(`compiled for another Node: not checked, because Node ${other} uses the same binaries`)
    return
  }
  const { open } = await opened(config.folder, path)
  check('compiled for another Node', open, failure(notCompiledFor(`Node ${other}`)))
}

function notCompiledFor(runtime) {
  return (
    `better-sqlite3 is installed, but not compiled for ${runtime}: ` +
    'run "npm rebuild better-sqlite3" with this Node and with install scripts allowed; ' +
    'if there is no prebuilt binary, this needs Python, make and a C++ compiler.'
  )
}

function failure(why) {
  return `ERR_MAC_STORE: The database in memory failed: ${why}`
}

async function opened(folder, node) {
  const { output, errors } = await runFile(join(folder, 'server/probe.mjs'), [URL], { node })
  check('opening prints no warning', errors, '')
  const { open, better } = JSON.parse(output)
  return { open, better }
}

async function status({ ports }, request) {
  return (await send(ports.required, request)).status
}
