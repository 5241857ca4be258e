import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
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

/**
 * What pages and Workers load, minified, and how many bytes it may have after `gzip -9`. Only `signHeaders` needs
 * noble-hashes, which is 3 kB of it.
 */
const FOR_BROWSERS = [
  { what: 'createMacFetch', entry: 'only-client.mjs', budget: 8000 },
  { what: 'signRequest', entry: 'only-sign-request.mjs', budget: 5000 },
  { what: 'all of the client', entry: 'whole-client.mjs', budget: 15_000 },
]

const BROWSER_BUNDLERS = [
  ['esbuild', withEsbuild, { platform: 'browser' }],
  ['esbuild for Workers', withEsbuild, { platform: 'neutral', conditions: ['workerd'] }],
  ['vite', withVite, { platform: 'browser' }],
  ['bun build', withBun, { target: 'browser' }],
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
  for (const { what, entry, budget } of FOR_BROWSERS) {
    await copyFile(join(HERE, 'fixtures', entry), join(application, entry))
    for (const [name, bundler, options] of BROWSER_BUNDLERS) {
      await report.check(`${name}: a bundle of ${what} for browsers stays small`, async () => {
        const out = join(folder, `browser-${entry}-${name}`.replaceAll(/\W/g, '-'))
        const file = await bundler({ application, entry, out, minify: true, ...options })
        const bytes = await readFile(file)
        const size = gzipSync(bytes, { level: 9 }).length
        const brotli = brotliCompressSync(bytes).length
        const text = `${size} of ${budget} bytes by gzip -9, ${brotli} by brotli, of ${bytes.length}`
        demand(size <= budget, `${text}: above the budget`)
        demand(!/node:|\bprocess\.|\bBuffer\b|\bimport\b/.test(bytes), 'it needs a server runtime')
        return text
      })
    }
  }
}
