import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withBun, withEsbuild, withVite } from '../tools/bundlers.mjs'
import { demand, kilobytes } from '../tools/report.mjs'
import { HERE } from '../tools/runtimes.mjs'

/** A single import, and how many bytes its bundle may have, not minified: some 30 % above the last size. */
const ENTRIES = [
  { what: 'MacError', entry: 'only-error.mjs', budget: 8000 },
  { what: 'the client', entry: 'only-client.mjs', budget: 90_000 },
]

const BUNDLERS = [
  ['esbuild', withEsbuild, {}],
  ['vite', withVite, {}],
  ['bun build', withBun, { target: 'node' }],
]

/** A bundle contains only what is imported: `sideEffects: false` is true, and bundlers see it. */
export async function checkTreeShaking(report, { application, folder }) {
  for (const { what, entry, budget } of ENTRIES) {
    await copyFile(join(HERE, 'fixtures', entry), join(application, entry))
    for (const [name, bundler, options] of BUNDLERS) {
      await report.check(`${name}: a bundle of only ${what} stays small`, async () => {
        const out = join(folder, `shaken-${entry}-${name}`.replaceAll(/\W/g, '-'))
        const text = await readFile(await bundler({ application, entry, out, ...options }), 'utf8')
        const size = `${kilobytes(text.length)} of ${kilobytes(budget)}`
        demand(text.length <= budget, `${size}: above the budget`)
        demand(
          !/[kK]ysely|safeParse|mac_credentials/.test(text),
          'it contains Kysely, Zod or the store',
        )
        return size
      })
    }
  }
}
