import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Application } from './application.mjs'
import { Report } from './report.mjs'

/**
 * Applications that share a folder, and so an installation: the default export of a file in `checks`.
 *
 * @typedef {object} Suite
 * @property {string} folder The folder of the sources beside `run.mjs`. It has a package.json and a lock file,
 *   without withmac: the test adds that from its tarball.
 * @property {string[]} [scripts] Scripts of the package.json that prepare it: by default `check` and `build`, as
 *   far as they are there.
 * @property {ApplicationChecks[]} applications For each of them one line is printed.
 */

/**
 * @typedef {object} ApplicationChecks
 * @property {string} title `{name}` in it is the version of that package in package.json.
 * @property {(context: Context) => Promise<void>} check
 */

/**
 * @typedef {object} Context
 * @property {Report} report Takes the checks: `report.check(name, work)`.
 * @property {Application} application A copy of the folder, installed and prepared.
 * @property {object} runtimes `await runtimes.node()`, `.bun()` and `.deno()` give the path of each binary.
 * @property {string} sources The folder `test/frameworks`.
 */

/** @returns The suites of a folder, or only the named ones. */
export async function findSuites(folder, only) {
  const names = (await readdir(folder)).map((file) => file.replace(/\.mjs$/, ''))
  const unknown = (only ?? []).filter((name) => !names.includes(name))
  if (unknown.length > 0) throw new Error(`there is no ${unknown}; there are: ${names.join(', ')}`)
  return Promise.all(
    names
      .filter((name) => only === undefined || only.includes(name))
      .map(async (name) => (await import(pathToFileURL(join(folder, `${name}.mjs`)))).default),
  )
}

/** Installs and prepares a suite, then checks its applications. @returns The counts of passed and failed checks. */
export async function runSuite(suite, { sources, folder, tarball, runtimes, verbose }) {
  const source = join(sources, suite.folder)
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
  const scripts = suite.scripts ?? ['check', 'build'].filter((name) => name in manifest.scripts)
  const titles = suite.applications.map(({ title }) => withVersions(title, manifest))
  const application = new Application(source, join(folder, suite.folder), await runtimes.node())
  const counts = { passed: 0, failed: 0 }
  let isReady = true
  for (const [index, { check }] of suite.applications.entries()) {
    const report = new Report(titles[index], verbose)
    if (index === 0) isReady = await prepare(report, application, tarball, scripts)
    if (isReady) {
      const context = { report, application, runtimes, sources }
      try {
        await check(context)
      } catch (error) {
        await report.check('its checks run to their end', () => Promise.reject(error))
      }
    } else if (index > 0) {
      await report.check('it is prepared', () =>
        Promise.reject(new Error('see the first one above')),
      )
    }
    const { passed, failed } = report.print()
    counts.passed += passed
    counts.failed += failed
  }
  return counts
}

async function prepare(report, application, tarball, scripts) {
  let isReady = await report.check('npm installs the lock file and the tarball', () =>
    application.install(tarball),
  )
  for (const script of scripts) {
    isReady &&= await report.check(`npm run ${script}`, () => application.run(script))
  }
  return isReady
}

function withVersions(title, { dependencies, devDependencies }) {
  const versions = { ...dependencies, ...devDependencies }
  return title.replace(/\{(.*?)\}/g, (_, name) => {
    if (name in versions) return versions[name]
    throw new Error(`${title}: package.json has no ${name}`)
  })
}
