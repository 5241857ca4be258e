import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withBun, withEsbuild, withVite } from '../tools/bundlers.mjs'
import { demand, kilobytes } from '../tools/report.mjs'
import { HERE } from '../tools/runtimes.mjs'

/** What is imported alone, and the bytes it may come to, not minified: some 30 % above what it was. */
const ENTRIES = [
  { what: 'MacError', entry: 'only-error.mjs', budget: 8000 },
  { what: 'the client', entry: 'only-client.mjs', budget: 90_000 },
]

const BUNDLERS = [
  ['esbuild', withEsbuild, {}],
  ['vite', withVite, {}],
  ['bun build', withBun, { target: 'node' }],
]

/** Who imports one thing pays for one thing: `sideEffects: false` holds, and is told. */
export async function checkTreeShaking(report, { application, folder }) {
  for (const { what, entry, budget } of ENTRIES) {
    await copyFile(join(HERE, 'fixtures', entry), join(application, entry))
    for (const [name, bundler, options] of BUNDLERS) {
      await report.check(`${name}: ${what} alone stays small`, async () => {
        const out = join(folder, `shaken-${entry}-${name}`.replaceAll(/\W/g, '-'))
        const text = await readFile(await bundler({ application, entry, out, ...options }), 'utf8')
        const size = `${kilobytes(text.length)} of ${kilobytes(budget)}`
        demand(text.length <= budget, `${size}: above the budget`)
        demand(
          !/[kK]ysely|safeParse|mac_credentials/.test(text),
          'it holds Kysely, Zod or the store',
        )
        return size
      })
    }
  }
}
