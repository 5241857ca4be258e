// Builds the documentation as a site below a path, and looks at it in a real Chromium.
import { deepEqual, ok, throws } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { checkLinks } from '../../docs/.vitepress/check-links.mjs'
import { stagedLink } from '../../docs/.vitepress/stage/pages.mjs'
import { Report } from '../frameworks/tools/report.mjs'
import { brokenSite } from './broken-site.mjs'
import { lookAt } from './look.mjs'
import { serveFolder } from './server.mjs'

const ROOT = join(import.meta.dirname, '../..')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const BASE = '/withmac/'

const report = new Report('site', process.argv.includes('--verbose'))
const folder = mkdtempSync(join(tmpdir(), 'withmac-site-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const site = join(folder, BASE)

if (await report.check('it builds, and each link leads to a page and a heading', build)) {
  await report.check('each error code has a page', hasErrorPages)
  await report.check('each entry of the package is in the reference', hasReference)
  await lookInBrowser()
}
await report.check('a link that leads nowhere is found', findsBrokenLinks)
process.exitCode = report.print().failed === 0 ? 0 : 1

function build() {
  const env = { ...process.env, DOCS_BASE: BASE, DOCS_OUT: site }
  execFileSync(process.execPath, ['docs/.vitepress/build.mjs'], { cwd: ROOT, env, stdio: 'pipe' })
}

function findsBrokenLinks() {
  const broken = brokenSite()
  const { faults } = checkLinks(broken.path, broken.base)
  broken.remove()
  deepEqual(faults.sort(), broken.faults)
  for (const link of ['nothing.md', '../nothing.ts', 'examples', '../../etc/passwd']) {
    throws(() => stagedLink(link, 'docs/client.md', () => {}), /leads to/)
  }
}

function hasErrorPages() {
  // A test compares this list with the codes in the sources.
  const list = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const codes = [...list.matchAll(/^### ERR_MAC_(\w+)$/gm)].map(([, code]) => code)
  ok(codes.length > 40)
  const slugs = codes.map((code) => code.toLowerCase().replaceAll('_', '-'))
  const found = readdirSync(join(site, 'errors'), { withFileTypes: true })
  deepEqual(
    found.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort(),
    slugs.sort(),
  )
}

function hasReference() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const entries = Object.keys(exports).filter((path) => !path.endsWith('.json'))
  ok(entries.length > 4)
  for (const entry of entries) ok(existsSync(join(site, 'api/withmac', entry, 'index.html')), entry)
}

async function lookInBrowser() {
  const executablePath = CHROMIUM.find(existsSync)
  if (executablePath === undefined)
    throw new Error('There is no Chromium: apt-get install chromium.')
  const server = await serveFolder(folder)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    await lookAt(browser, `${server.origin}${BASE}`, report)
  } finally {
    await browser.close()
    server.close()
  }
}
