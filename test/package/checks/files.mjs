import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { demand } from '../tools/report.mjs'

const EXPECTED = [
  /^dist\/[\w/-]+\.(?:js|d\.ts|js\.map)$/,
  /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md)$/,
]
const ALWAYS = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']

/** The tarball holds what users need, and nothing else. */
export async function checkFiles(report, { unpacked }) {
  const files = await filesOf(unpacked)

  await report.check('no unexpected file', () => {
    const unexpected = files.filter((file) => !EXPECTED.some((pattern) => pattern.test(file)))
    demand(unexpected.length === 0, unexpected.join(', '))
    return `${files.length} files`
  })

  await report.check('no expected file is missing', () => {
    const modules = files.filter((file) => file.endsWith('.js'))
    const wanted = modules.flatMap((file) => [`${file}.map`, file.replace(/\.js$/, '.d.ts')])
    const missing = [...ALWAYS, 'dist/index.js', ...wanted].filter((file) => !files.includes(file))
    demand(missing.length === 0, missing.join(', '))
    return `${modules.length} modules, each with declarations and a source map`
  })

  // Sources are not in the tarball: a map without them would lead debuggers nowhere.
  await report.check('source maps hold their sources', async () => {
    const maps = files.filter((file) => file.endsWith('.js.map'))
    for (const file of maps) {
      const { sources, sourcesContent } = JSON.parse(await readFile(join(unpacked, file), 'utf8'))
      const whole = sources.length > 0 && sources.every((_, i) => sourcesContent?.[i]?.length > 0)
      demand(whole, `${file} lacks sourcesContent`)
    }
    return `${maps.length} maps`
  })

  await report.check('no file names a place on the machine that packed it', async () => {
    for (const file of files) {
      const text = await readFile(join(unpacked, file), 'utf8')
      demand(!text.includes(process.cwd()) && !text.includes(unpacked), file)
    }
  })
}

async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
}
