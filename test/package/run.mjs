// Checks the library as users get it: packed, installed from the tarball, compiled, bundled, started.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkBundles } from './checks/bundles.mjs'
import { checkDependencies } from './checks/dependencies.mjs'
import { checkFiles } from './checks/files.mjs'
import { checkManifest } from './checks/manifest.mjs'
import { checkSize } from './checks/size.mjs'
import { checkTreeShaking } from './checks/tree-shaking.mjs'
import { checkTypes } from './checks/types.mjs'
import { install } from './tools/install.mjs'
import { pack } from './tools/pack.mjs'
import { Report } from './tools/report.mjs'

const TOPICS = [
  ['the files', checkFiles],
  ['the manifest', checkManifest],
  ['the size', checkSize],
  ['the dependencies', checkDependencies],
  ['the types', checkTypes],
  ['the bundles', checkBundles],
  ['tree shaking', checkTreeShaking],
]

const report = new Report()
const folder = await mkdtemp(join(tmpdir(), 'withmac-package-'))
try {
  const application = join(folder, 'application')
  const subject = { folder, application }
  report.about('the tarball')
  const ready =
    (await report.check('npm pack builds and packs', async () => {
      Object.assign(subject, await pack(folder))
    })) &&
    (await report.check('npm install takes the tarball', async () => {
      subject.installed = await install(subject.tarball, application)
    }))
  if (!ready) console.log('  All other checks need the tarball, so none of them ran.')
  for (const [topic, check] of ready ? TOPICS : []) {
    report.about(topic)
    // An error that stops a whole topic counts as a failure. The other topics still run.
    await check(report, subject).catch((error) =>
      report.check(topic, () => {
        throw error
      }),
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = report.end()
