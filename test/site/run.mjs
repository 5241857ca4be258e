// Builds the documentation as a site, and looks at it in a real Chromium at the width of a desktop and of a phone.
import { deepEqual, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { checkLinks } from '../../docs/.vitepress/check-links.mjs'
import { sidebar } from '../../docs/.vitepress/stage/sidebar.mjs'
import { Report } from '../frameworks/tools/report.mjs'
import { brokenSite } from './broken-site.mjs'
import { serveFolder } from './server.mjs'

const ROOT = join(import.meta.dirname, '../..')
const SITE = join(ROOT, 'docs/.vitepress/dist')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }
/** Pages of each kind, which axe checks in both colour schemes. */
const KINDS = [
  ...['', 'options.html', 'architecture.html', 'errors/', 'errors/replay/'],
  ...['api/', 'api/withmac/interfaces/Mac.html', 'files/docs/examples/client.ts.html'],
]

const report = new Report('site', process.argv.includes('--verbose'))
process.exitCode = await main()

async function main() {
  await report.check('the site builds, and each link leads to a page and a heading', build)
  await report.check('the check of links finds each kind of broken link', findsBrokenLinks)
  await report.check('each error code has a page', hasErrorPages)
  await report.check('each entry of the package is in the reference', hasReference)
  const executablePath = CHROMIUM.find(existsSync)
  const site = await serveFolder(SITE)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    await lookAt(browser, site.origin)
  } finally {
    await browser.close()
    site.close()
  }
  return report.print().failed === 0 ? 0 : 1
}

function build() {
  execFileSync(process.execPath, ['docs/.vitepress/build.mjs'], { cwd: ROOT, stdio: 'pipe' })
}

function findsBrokenLinks() {
  const { folder, faults } = brokenSite()
  deepEqual(checkLinks(folder.path, '/docs/').faults.sort(), faults)
  folder.remove()
}

function hasErrorPages() {
  const source = readFileSync(join(ROOT, 'src/errors.ts'), 'utf8')
  const codes = [...new Set(source.match(/ERR_MAC_[A-Z_]+[A-Z]/g))]
  const slugs = codes.map((code) => code.slice(8).toLowerCase().replaceAll('_', '-'))
  const folders = readdirSync(join(SITE, 'errors'), { withFileTypes: true })
  deepEqual(
    folders.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort(),
    slugs.sort(),
  )
}

function hasReference() {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const entries = Object.keys(exports).filter((path) => exports[path].types !== undefined)
  ok(entries.length > 4)
  for (const entry of entries) ok(existsSync(join(SITE, 'api/withmac', entry, 'index.html')), entry)
}

async function lookAt(browser, origin) {
  const guide = sidebar().flatMap(({ items }) => items.map(({ link }) => addressOf(link)))
  const pages = [...new Set([...KINDS, ...guide])]
  for (const [size, viewport] of Object.entries(SIZES)) {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' })
    const foreign = []
    await context.route('**', (route) => {
      const url = route.request().url()
      if (url.startsWith(origin)) return route.continue()
      foreign.push(url)
      return route.abort()
    })
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(`${page.url()}: ${error}`))
    page.on(
      'console',
      (line) => line.type() === 'error' && errors.push(`${page.url()}: ${line.text()}`),
    )
    page.on(
      'response',
      (answer) => answer.ok() || answer.status() === 301 || errors.push(answer.url()),
    )
    const tooWide = []
    const violations = []
    for (const name of pages) {
      await page.goto(`${origin}/${name}`)
      if (await scrollsSideways(page)) tooWide.push(name)
      // The colours are the same at each width.
      const schemes = KINDS.includes(name) ? ['light', 'dark'] : []
      for (const scheme of size === 'desktop' ? schemes : [])
        violations.push(...(await axe(page, scheme)))
    }
    await report.check(`${size}: no page scrolls sideways`, () => deepEqual(tooWide, []))
    if (size === 'desktop')
      await report.check('axe finds no violation', () => deepEqual(violations, []))
    await report.check(`${size}: a search leads to a page`, () => search(page, origin))
    await report.check(`${size}: the address of an error code leads to its page`, async () => {
      await page.goto(`${origin}/errors/body-too-large`)
      match(await page.textContent('h1'), /^ERR_MAC_BODY_TOO_LARGE\b/)
    })
    await report.check(`${size}: the browser reports no error`, () => deepEqual(errors, []))
    await report.check(`${size}: nothing comes from another host`, () => deepEqual(foreign, []))
    await report.check(`${size}: a request to another host would be noticed`, async () => {
      await page.evaluate(() => fetch('https://fonts.example.com/a').catch(() => {}))
      deepEqual(foreign.splice(0), ['https://fonts.example.com/a'])
    })
    await context.close()
  }
}

function addressOf(link) {
  return link
    .slice(1)
    .replace(/(^|\/)index\.md$/, '$1')
    .replace(/\.md$/, '.html')
}

function scrollsSideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
}

async function axe(page, scheme) {
  await page.emulateMedia({ colorScheme: scheme })
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
  const found = await page.evaluate(() => window.axe.run())
  return found.violations.map(
    ({ id, nodes }) =>
      `${page.url()} ${scheme}: ${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`,
  )
}

async function search(page, origin) {
  await page.goto(`${origin}/`)
  await page.click('.VPNavBarSearch button')
  await page.fill('#localsearch-input', 'grace period')
  const first = page.locator('#localsearch-list a').first()
  match(await first.textContent(), /grace|rotat/i)
  await first.click()
  await page.waitForURL((url) => url.pathname !== '/')
  await page.locator('main', { hasText: 'grace period' }).waitFor()
}
