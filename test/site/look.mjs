// Looks at the pages of a built site, at the width of a desktop and of a phone.
import { deepEqual, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { sidebar } from '../../docs/.vitepress/stage/sidebar.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }
/** A page of each kind. The alternatives have a table with many columns and an empty head. */
const KINDS = [
  ...['', 'alternatives.html', 'options.html', 'architecture.html', 'errors/', 'errors/replay/'],
  ...['api/', 'api/withmac/interfaces/Mac.html', 'files/docs/examples/client.ts.html', '404.html'],
]

/** @param url The address of the start page. */
export async function lookAt(browser, url, report) {
  for (const size of Object.keys(SIZES)) {
    const seen = await open(browser, size, url)
    const { page, errors, foreign } = seen
    const { tooWide, violations } = await visit(seen, size, url)
    await report.check(`${size}: no page scrolls sideways`, () => deepEqual(tooWide, []))
    await report.check(`${size}: axe finds no violation`, () => deepEqual(violations, []))
    await report.check(`${size}: a search leads to a page`, () => search(page, url))
    await report.check(`${size}: the address of an error code leads to its page`, async () => {
      await page.goto(`${url}errors/body-too-large`)
      match(await page.textContent('h1'), /^ERR_MAC_BODY_TOO_LARGE\b/)
    })
    await report.check(`${size}: the browser reports no error`, () => deepEqual(errors, []))
    await report.check(`${size}: nothing comes from another host`, async () => {
      deepEqual(foreign, [])
      // The negative control.
      await page.evaluate(() => fetch('https://fonts.example.com/a').catch(() => {}))
      deepEqual(foreign, ['https://fonts.example.com/a'])
    })
    await page.context().close()
  }
}

/** Opens a window that notes errors and blocks requests to other hosts. */
async function open(browser, size, url) {
  const context = await browser.newContext({ viewport: SIZES[size], reducedMotion: 'reduce' })
  const foreign = []
  const errors = []
  const { origin } = new URL(url)
  await context.route('**', (route) => {
    const wanted = route.request().url()
    if (wanted.startsWith(`${origin}/`)) return route.continue()
    foreign.push(wanted)
    return route.abort()
  })
  const page = await context.newPage()
  const note = (text) => errors.push(`${page.url()}: ${text}`)
  page.on('pageerror', note)
  page.on('console', (line) => line.type() === 'error' && note(line.text()))
  page.on('response', (answer) => answer.status() >= 400 && note(answer.url()))
  return { page, errors, foreign }
}

/** Visits all pages of the guide, and one of each other kind. */
async function visit({ page }, size, url) {
  const guide = sidebar().flatMap(({ items }) => items.map(({ link }) => addressOf(link)))
  const tooWide = []
  const violations = []
  for (const name of new Set([...KINDS, ...guide])) {
    await page.goto(url + name)
    // The browser writes the page for a wrong address.
    await page.locator('main h1').waitFor()
    if (await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)) {
      tooWide.push(name)
    }
    for (const scheme of schemesOf(name, size)) violations.push(...(await axe(page, scheme)))
  }
  return { tooWide, violations }
}

/** The colours are the same at each width, and on all pages of a kind. */
function schemesOf(name, size) {
  if (!KINDS.includes(name)) return []
  return size === 'desktop' ? ['light', 'dark'] : ['light']
}

function addressOf(link) {
  return link
    .slice(1)
    .replace(/(^|\/)index\.md$/, '$1')
    .replace(/\.md$/, '.html')
}

async function axe(page, scheme) {
  await page.emulateMedia({ colorScheme: scheme })
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => window.axe.run())
  return violations.map(
    ({ id, nodes: [{ html, failureSummary }] }) =>
      `${page.url()} ${scheme}: ${id}: ${html.slice(0, 200)}: ${failureSummary}`,
  )
}

async function search(page, url) {
  await page.goto(url)
  await page.click('.VPNavBarSearch button')
  await page.fill('#localsearch-input', 'grace period')
  const first = page.locator('#localsearch-list a').first()
  match(await first.textContent(), /grace|rotat/i)
  await first.click()
  await page.waitForURL((now) => now.href !== url)
  await page.locator('main', { hasText: 'grace period' }).waitFor()
}
