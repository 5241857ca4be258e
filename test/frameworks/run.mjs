// Tests the library in two frameworks as users get it: packed, installed in an application, type-checked,
// built for production and called over HTTP. For other frameworks, tests that the error says what is missing.
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
// Outside the checkout, so that no import finds the node_modules of the checkout.
const folder = await realpath(await mkdtemp(join(tmpdir(), 'withmac-frameworks-')))
try {
  let tarball
  let node
  report.about('preparation')
  const ready =
    (await report.check('npm pack builds and packs', async () => {
      tarball = await pack(LIBRARY, folder)
    })) &&
    (await report.check('npm installs a Node with SQLite', async () => {
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
    report.about('Frameworks without the Fetch API, or with their own context')
    const place = (runtime) =>
      new Application(join(HERE, 'others'), join(folder, 'others'), runtime)
    await checkOthers(report, place, node, tarball)
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}
process.exitCode = report.end()
