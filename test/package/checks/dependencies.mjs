import { copyFile, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../tools/command.mjs'
import { demand, kilobytes } from '../tools/report.mjs'
import { HERE, RUNTIMES, tool } from '../tools/runtimes.mjs'
import { demandThatItServes } from '../tools/serve.mjs'

/** All packages that an installation brings. A new name is a new party to trust: add it knowingly. */
const EXPECTED = [
  'commander',
  'kysely',
  'kysely-bun-sqlite',
  'picocolors',
  'rate-limiter-flexible',
  'withmac',
  'zod',
]

/**
 * kysely-bun-sqlite depends on bun-types, and this on the types of Node: 9 MB that no program needs. So it
 * is packed with the library, without this dependency: see `drop-bun-types` in package.json.
 */
const BUNDLED = 'node_modules/withmac/node_modules/kysely-bun-sqlite'

/** A fresh installation, by npm and by Bun, brings the packages that we know, in whatever versions. */
export async function checkDependencies(report, { application, installed, folder, tarball }) {
  await report.check('a fresh installation brings the expected packages', async () => {
    const lines = []
    let total = 0
    for (const { path, name, version } of installed) {
      const size = await sizeOf(join(application, path))
      total += size
      lines.push(`${name} ${version}, ${kilobytes(size)}`)
    }
    const names = [...new Set(installed.map(({ name }) => name))].sort()
    const list = `${lines.join('\n')}`
    demand(
      names.join() === EXPECTED.join(),
      `expected ${EXPECTED.join(', ')}; installed are\n${list}`,
    )
    const indented = list.replaceAll(/^/gm, '        ')
    return `${installed.length} packages, ${kilobytes(total)}\n${indented}\n       `
  })

  await report.check('kysely-bun-sqlite comes with the library', () =>
    demand(
      installed.some(({ path }) => path === BUNDLED),
      installed.map(({ path }) => path).join(', '),
    ),
  )

  // npm ls fails if a dependency of a package, also of one that was packed with another, is missing.
  await report.check('npm finds no dependency missing', async () => {
    await run('npm', ['ls', '--all'], application)
  })

  await report.check('npm ci installs the same from the lock file', async () => {
    await run('npm', ['ci', '--no-audit', '--no-fund'], application)
    await run('npm', ['ls', '--all'], application)
    await stat(join(application, BUNDLED, 'package.json'))
  })

  await checkPeers(report, application)

  const byBun = join(folder, 'by-bun')
  await report.check('Bun installs the expected packages', async () => {
    await mkdir(byBun)
    await writeFile(join(byBun, 'package.json'), '{"private":true,"type":"module"}')
    await run(tool('bun'), ['add', tarball], byBun)
    const above = (await readdir(join(byBun, 'node_modules'))).filter((name) => !/^\./.test(name))
    const within = await readdir(join(byBun, 'node_modules/withmac/node_modules'))
    const names = [...new Set([...above, ...within])].sort()
    demand(names.join() === EXPECTED.join(), `installed are ${names.join(', ')}`)
    return `${names.length} packages`
  })

  for (const [name, place] of [
    ['npm', application],
    ['Bun', byBun],
  ]) {
    await report.check(`what ${name} installed serves on Bun, with a database`, async () => {
      const entry = join(place, 'serve-bun.mjs')
      await copyFile(join(HERE, 'fixtures/serve-bun.mjs'), entry)
      await demandThatItServes(RUNTIMES.bun, entry, { alone: false })
    })
  }
}

/** Without the packages of PostgreSQL and Redis, the library and the command say what to install. */
async function checkPeers(report, application) {
  const database = 'postgres://user:secret@127.0.0.1:1/db'
  const script = join(application, 'without-peers.mjs')
  await writeFile(
    script,
    `import { createMac } from 'withmac'
    const [database, nonces = null] = process.argv.slice(2)
    await createMac({ database, nonces }).ready().catch((error) => console.log(error.message))`,
  )
  for (const { name, command } of Object.values(RUNTIMES)) {
    const [program, ...args] = command()
    const say = async (...given) =>
      (await run(program, [...args, script, ...given], application)).stdout
    await report.check(`${name}: without pg and redis, an error says what to install`, async () => {
      const postgres = await say(database)
      demand(/^withmac: PostgreSQL needs a package .*: npm install pg /.test(postgres), postgres)
      const redis = await say('sqlite::memory:', 'redis://127.0.0.1:1')
      demand(
        /^withmac: the option nonces needs a package .*: npm install redis /.test(redis),
        redis,
      )
    })
  }
  const [program] = RUNTIMES.node.command()
  const cli = join(application, 'node_modules/withmac/dist/cli/main.js')
  for (const [missing, given] of [
    ['pg', ['list', '--database', database]],
    ['redis', ['admin', '--database', ':memory:', '--nonces', 'redis://127.0.0.1:1']],
  ]) {
    await report.check(
      `the command without ${missing} says what to install, and ends with 3`,
      async () => {
        const failed = await run(program, [cli, ...given], application).then(
          () => '',
          (error) => error.message,
        )
        const wanted = new RegExp(`ended with 3\\n[^]*run: npm install ${missing} `)
        demand(wanted.test(failed) && !failed.includes('\n    at '), failed)
      },
    )
  }
}

/** The bytes of all files in a folder, without those of packages that are nested in it. */
async function sizeOf(folder) {
  let total = 0
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) total += entry.name === 'node_modules' ? 0 : await sizeOf(path)
    else total += (await stat(path)).size
  }
  return total
}
