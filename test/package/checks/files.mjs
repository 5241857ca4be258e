import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { demand } from '../tools/report.mjs'

const EXPECTED = [
  /^dist\/[\w/-]+\.(?:js|d\.ts)$/,
  /^dist\/(?:admin|client)\/THIRD-PARTY\.txt$/,
  /^docs\/[\w/.-]+\.(?:md|svg|png|ts|sh|yaml|template)$/,
  /^docs\/examples\/proxies\/(?:[\w-]+\.(?:conf|cfg|vcl)|Caddyfile(?:-prefix)?)$/,
  /^bench\/[\w-]+\.(?:md|svg)$/,
  /^node_modules\/kysely-bun-sqlite\//,
  /^(?:package\.json|LICENSE|README\.md|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md)$/,
]
const ALWAYS = ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md']

/** The tarball holds what users need, and nothing else. */
export async function checkFiles(report, { unpacked }) {
  const files = await filesOf(unpacked)

  await report.check('no unexpected file', () => {
    const unexpected = files.filter((file) => !EXPECTED.some((pattern) => pattern.test(file)))
    demand(unexpected.length === 0, unexpected.join(', '))
    return `${files.length} files`
  })

  await report.check('no expected file is missing', () => {
    const modules = files.filter((file) => /^dist\/.*\.js$/.test(file))
    const wanted = modules.map((file) => file.replace(/\.js$/, '.d.ts'))
    const missing = [...ALWAYS, 'dist/index.js', ...wanted].filter((file) => !files.includes(file))
    demand(missing.length === 0, missing.join(', '))
    return `${modules.length} modules, each with declarations`
  })

  // The sources are not in the tarball, so a source map would lead debuggers to files that do not exist.
  // The modules are readable without one: they are the sources without types, with all comments.
  await report.check('no module names a source map', async () => {
    for (const file of files.filter((name) => name.startsWith('dist/'))) {
      const text = await readFile(join(unpacked, file), 'utf8')
      demand(!text.includes('sourceMappingURL='), file)
    }
  })

  await report.check('each relative link of the documentation leads to a packed file', async () => {
    const pages = files.filter((file) => file.endsWith('.md') && !file.startsWith('node_modules/'))
    let count = 0
    for (const file of pages) {
      const text = await readFile(join(unpacked, file), 'utf8')
      for (const [, link] of text.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
        if (/^[a-z]+:/.test(link)) continue
        demand(existsSync(join(unpacked, dirname(file), link)), `${file} links to ${link}`)
        count++
      }
    }
    demand(count > pages.length, `only ${count} links were found on ${pages.length} pages`)
    return `${count} links on ${pages.length} pages`
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
