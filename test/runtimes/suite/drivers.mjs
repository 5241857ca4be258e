import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { check, note } from './checks.mjs'
import { withDatabase } from './database.mjs'
import { runFile } from './server-process.mjs'
import { config, hasBetterSqlite3, isNode, version } from './this-runtime.mjs'

/** Versions that have no SQLite of their own. */
const WITHOUT = ['node-18', 'node-20']

/**
 * Checks that no driver is loaded before a database is opened. In the bare project, without an installed
 * driver, the import must work too. If the runtime has no SQLite either, the error must say what to do.
 */
export async function drivers() {
  for (const folder of [config.folder, config.bare]) {
    const { output, errors } = await runFile(join(folder, 'server/probe.mjs'))
    check('the import loads no driver', output, JSON.stringify({ asked: [], loaded: [] }))
    check('the import prints no warning', errors, '')
  }
  const own = join(config.folder, 'server/probe.mjs')
  const opened = await runFile(own, ['sqlite::memory:'])
  check('opening works', JSON.parse(opened.output).open, 'opened')
  check('opening prints no warning', opened.errors, '')

  await namesTheCause(own)

  // The bare project lacks kysely-bun-sqlite, which is installed with the library.
  if (config.name === 'bun') return
  const { output, errors } = await runFile(join(config.bare, 'server/probe.mjs'), [
    'sqlite::memory:',
  ])
  check('opening without a driver prints no warning', errors, '')
  const { open } = JSON.parse(output)
  if (!WITHOUT.includes(config.name)) {
    check('opening without a driver', open, 'opened')
    return
  }
  check('the error has its code', open.startsWith('ERR_MAC_STORE: '), true)
  check('the error names the runtime', isNode && open.includes(version), true)
  check('the error says what to do', open.includes('npm install better-sqlite3@11'), true)
  note(`without better-sqlite3: ${open}`)
}

/** Checks that the error for a file that is not a database begins with the cause, for each driver. */
function namesTheCause(probe) {
  return withDatabase(async ({ folder, database }) => {
    const path = database.slice('sqlite:'.length)
    writeFileSync(path, 'no database '.repeat(1000))
    for (const scheme of hasBetterSqlite3 ? ['sqlite', 'better-sqlite3'] : ['sqlite']) {
      const { output } = await runFile(probe, [`${scheme}:${path}`], { folder })
      const text = 'failed: it is not a SQLite database, or an encrypted one: is the path right? ('
      check(`${scheme}: not a database`, JSON.parse(output).open.includes(text), true)
    }
  })
}
