import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withBun, withEsbuild, withVite } from '../tools/bundlers.mjs'
import { demand, kilobytes } from '../tools/report.mjs'
import { HERE } from '../tools/runtimes.mjs'

const ENTRY = 'only-error.mjs'
/** In bytes, for a bundle that is not minified. The module of errors has some 6 kB. */
const BUDGET = 8000

const BUNDLERS = [
  ['esbuild', withEsbuild, {}],
  ['vite', withVite, {}],
  ['bun build', withBun, { target: 'node' }],
]

/** Who imports one class pays for one class: `sideEffects: false` holds, and is told. */
export async function checkTreeShaking(report, { application, folder }) {
  await copyFile(join(HERE, 'fixtures', ENTRY), join(application, ENTRY))
  for (const [name, bundler, options] of BUNDLERS) {
    await report.check(`${name}: MacError alone stays small`, async () => {
      const out = join(folder, `shaken-${name.replaceAll(' ', '-')}`)
      const text = await readFile(await bundler({ application, entry: ENTRY, out, ...options }))
      const size = `${kilobytes(text.length)} of ${kilobytes(BUDGET)}`
      demand(text.length <= BUDGET, `${size}: above the budget`)
      demand(!/[kK]ysely|safeParse|mac_credentials/.test(text), 'it holds Kysely, Zod or the store')
      return size
    })
  }
}
