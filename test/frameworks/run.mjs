// Proves the library within two frameworks, as users get it: packed, installed into an application,
// type-checked, built for production, and asked over HTTP. Of others, that they are told what is missing.
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkOthers } from './checks/others.mjs'
import { REACT_ROUTER } from './checks/react-router.mjs'
import { runChecks } from './checks/run-checks.mjs'
import { SVELTEKIT } from './checks/sveltekit.mjs'
import { Application } from './tools/application.mjs'
import { nodeWithSqlite } from './tools/node.mjs'
import { pack } from './tools/pack.mjs'
import { Report } from './tools/report.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const LIBRARY = join(HERE, '../..')

const report = new Report()
// Outside the checkout, whose own node_modules no import may find.
const folder = await realpath(await mkdtemp(join(tmpdir(), 'withmac-frameworks-')))
try {
  let tarball
  let node
  report.about('what is needed')
  const ready =
    (await report.check('npm pack builds and packs', async () => {
      tarball = await pack(LIBRARY, folder)
    })) &&
    (await report.check('npm has a Node with SQLite', async () => {
      node = await nodeWithSqlite(folder)
    }))
  for (const framework of ready ? [SVELTEKIT, REACT_ROUTER] : []) {
    const { name, title } = framework
    report.about(title)
    const application = new Application(join(HERE, name), join(folder, name), node)
    await runChecks(report, framework, application, {
      tarball,
      types: join(HERE, 'types', `${name}.ts`),
    })
  }
  if (ready) {
    report.about('Frameworks that do not speak the Fetch API, or bring a context of their own')
    const place = (runtime) =>
      new Application(join(HERE, 'others'), join(folder, 'others'), runtime)
    await checkOthers(report, place, node, tarball)
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}
process.exitCode = report.end()
