import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { demand, kilobytes } from '../tools/report.mjs'

/** All that an installation brings. A new name is a new party to trust: add it knowingly. */
const EXPECTED = [
  '@types/node',
  'bun-types',
  'commander',
  'kysely',
  'kysely-bun-sqlite',
  'picocolors',
  'rate-limiter-flexible',
  'undici-types',
  'withmac',
  'zod',
]

/** A fresh installation brings the packages that we know, in whatever versions. */
export async function checkDependencies(report, { application, installed }) {
  await report.check('a fresh installation brings what is known', async () => {
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
