// Drives the admin pages in a real Chromium, on each runtime that serves them.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { Report } from '../package/tools/report.mjs'
import { journey, shownKey } from './journey.mjs'
import { SERVED_ON, seed, startAdmin, startApp } from './servers.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Values that must do no harm, wherever they are shown. */
export const HOSTILE = [
  '<script>document.title = "broken"</script>',
  `"><img src=x onerror="document.title='broken'">`,
  `' onmouseover='document.title="broken"`,
  '\u05e9\u05dc\u05d5\u05dd \u202eoved',
  'x'.repeat(1000),
]

/** Starts the Chromium of the system. */
export async function launch(args = []) {
  const executablePath = CHROMIUM.find(existsSync)
  if (executablePath === undefined)
    throw new Error('There is no Chromium: apt-get install chromium.')
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...args] })
}

/** The pages that every visitor of the admin finds. @param base The address of the list of credentials. */
export function pagesOf(base, id) {
  const at = base.replace(/\/$/, '')
  return {
    credentials: `${at}/`,
    new: `${at}/new`,
    ...(id === undefined ? {} : { credential: `${at}/credential?id=${encodeURIComponent(id)}` }),
    rejections: `${at}/rejections`,
    traffic: `${at}/traffic`,
    health: `${at}/health`,
    audit: `${at}/audit`,
  }
}

if (process.argv[1] === import.meta.filename) process.exitCode = await main()

async function main() {
  const report = new Report()
  const browser = await launch()
  for (const runtime of SERVED_ON) {
    const folder = mkdtempSync(join(tmpdir(), 'withmac-browser-'))
    try {
      report.about(`served by ${runtime}`)
      await checkOn(runtime, folder, browser, report)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  await browser.close()
  return report.end()
}

async function checkOn(runtime, folder, browser, report) {
  const admin = await startAdmin(runtime, folder)
  const app = await startApp(runtime, folder)
  try {
    const search = await checkPages({ admin, app }, browser, report)
    await seed(runtime, folder)
    await report.check('a search among 100,000 credentials finds one', search)
  } finally {
    await app.end()
    await admin.end()
  }
}

async function checkPages({ admin, app }, browser, report) {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await context.newPage()
  const problems = watch(page)
  let base = ''
  let made = { id: '' }

  await report.check('the link of withmac admin opens the credentials', async () => {
    await page.goto(admin.url)
    await page.getByRole('heading', { name: 'Credentials' }).waitFor()
    ok(!page.url().includes('token'), 'the token is not in the address')
    base = page.url()
  })

  await report.check('the link works once: another browser gets nothing', async () => {
    await usingContext(browser, async (other) => {
      const response = await other.goto(admin.url)
      equal(response?.status(), 403)
      ok(!(await other.content()).includes('New credential'))
      const direct = await other.goto(base)
      ok([401, 403, 404].includes(direct?.status() ?? 0))
      ok(!(await other.content()).includes('New credential'))
    })
  })

  await report.check(
    'create, copy the key, sign, rotate, sign with both keys, revoke',
    async () => {
      made = await journey(page, base, app.url, 'ada')
    },
  )

  await report.check('the button copies the key', async () => {
    await page.goto(pagesOf(base).new)
    await page.getByLabel('User').fill('grace')
    await page.getByRole('button', { name: 'Create credential' }).click()
    await page.getByRole('button', { name: 'Copy the key' }).click()
    const copied = await page.evaluate('navigator.clipboard.readText()')
    equal(copied, await page.locator('#new-key').innerText())
  })

  await report.check('the same without JavaScript', async () => {
    const without = await browser.newContext({
      javaScriptEnabled: false,
      storageState: await context.storageState(),
    })
    await journey(await without.newPage(), base, app.url, 'without-script')
    await without.close()
  })

  await report.check('by keyboard alone: skip link, menu, form, error, result', async () => {
    await page.goto(pagesOf(base).credentials)
    await page.keyboard.press('Tab')
    equal(await page.evaluate('document.activeElement.className'), 'skip')
    await page.keyboard.press('Enter')
    await tabTo(page, 'New credential')
    await page.keyboard.press('Enter')
    await page.getByLabel('User').waitFor()
    await tabTo(page, 'Create credential')
    await page.keyboard.press('Enter')
    await page.getByText('Enter the user that it belongs to.').first().waitFor()
    await tabTo(page, null, 'new-user')
    await page.keyboard.type('keyboard')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Credential created' }).waitFor()
    const { id } = await shownKey(page)
    await tabTo(page, 'I have copied the key')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Facts' }).waitFor()
    await tabTo(page, 'Rotate the key')
    await page.keyboard.press('Enter')
    await tabTo(page, 'Make a new key')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'New key' }).waitFor()
    await tabTo(page, 'I have copied the key')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Facts' }).waitFor()
    await tabTo(page, 'Revoke')
    await page.keyboard.press('Enter')
    await tabTo(page, null, 'revoke-confirm')
    await page.keyboard.type(id)
    await page.keyboard.press('Enter')
    await page.getByText('The credential is revoked.').waitFor()
  })

  await report.check('hostile names are shown as text', async () => {
    for (const text of HOSTILE) {
      await page.goto(pagesOf(base).new)
      await page.getByLabel('User').fill(text)
      await page.getByLabel('Label').fill(text)
      await page.getByRole('button', { name: 'Create credential' }).click()
      await page.getByRole('link', { name: 'I have copied the key' }).click()
      await page.getByRole('heading', { level: 1 }).waitFor()
    }
    for (const url of Object.values(pagesOf(base, made.id))) {
      await page.goto(url)
      match(await page.title(), /withmac/)
      const width = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      ok(width <= 0, `${url} is ${width} px too wide`)
    }
  })

  await report.check('a POST that another site forges changes nothing', async () => {
    const before = await countOf(page, base)
    const form = `<form method="post" action="${pagesOf(base).new}"><input name="user" value="forged">
      <input name="expires" value="never"><input name="algorithm" value="hmac-sha-256"></form>
      <script>document.forms[0].submit()</script>`
    await onAnotherSite(form, async (url) => {
      const forged = await context.newPage()
      await forged.goto(url)
      await forged.waitForURL(/\/new$/)
      ok(!(await forged.content()).includes('Credential created'))
      await forged.close()
    })
    equal(await countOf(page, base), before)
  })

  await report.check('the pages cannot be framed', async () => {
    await onAnotherSite(`<iframe src="${base}" width="600" height="400"></iframe>`, async (url) => {
      const framing = await context.newPage()
      await framing.goto(url, { waitUntil: 'load' })
      const [, frame] = framing.frames()
      const text = await frame?.evaluate('document.body.innerText').catch(() => '')
      ok(!String(text).includes('New credential'))
      await framing.close()
    })
  })

  await report.check('whom authorize rejects sees nothing, whom it accepts does', async () => {
    await usingContext(browser, async (other, its) => {
      const url = `${app.url}admin`
      const refused = await other.goto(url)
      equal(refused?.status(), 403)
      equal((await other.locator('body').innerText()).trim(), 'Forbidden')
      await its.addCookies([{ name: 'who', value: 'eve', url: app.url }])
      await other.goto(url)
      await other.getByText('Acting as eve').waitFor()
    })
  })

  await report.check('axe finds nothing, in light and dark, on a desktop and a phone', async () => {
    const found = []
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [
        { width: 1280, height: 900 },
        { width: 390, height: 844 },
      ]) {
        const its = await browser.newContext({
          colorScheme,
          viewport,
          storageState: await context.storageState(),
          bypassCSP: true,
        })
        const visited = await its.newPage()
        const urls = { ...pagesOf(base, made.id), empty: `${base}?q=nothing-like-this` }
        for (const [name, url] of Object.entries({ ...urls, errors: urls.new, key: urls.new })) {
          await visited.goto(url)
          if (name === 'key') await visited.getByLabel('User').fill('axe')
          if (name === 'key' || name === 'errors') {
            await visited.getByRole('button', { name: 'Create credential' }).click()
            await visited
              .getByText(/Copy the key now|Enter the user/)
              .first()
              .waitFor()
          }
          await visited.evaluate(AXE)
          const { violations } = await visited.evaluate('axe.run()')
          found.push(
            ...violations.map(({ id, nodes }) => [
              name,
              colorScheme,
              viewport.width,
              id,
              nodes[0]?.html,
            ]),
          )
        }
        await its.close()
      }
    }
    deepEqual(found, [])
  })

  await report.check('no page loads from another host, and no script fails', () => {
    deepEqual(problems, [])
  })

  return async () => {
    for (const text of ['user 99999', 'no such credential', '']) {
      const begun = performance.now()
      const response = await page.request.get(`${base}?q=${encodeURIComponent(text)}`)
      const milliseconds = performance.now() - begun
      equal(response.status(), 200)
      if (text === 'user 99999') match(await response.text(), /seeded-099999/)
      console.log(`        "${text}": ${milliseconds.toFixed(0)} ms over HTTP`)
    }
  }
}

/** Collects what a page asks of other hosts, and its errors. */
function watch(page) {
  const problems = []
  page.on('request', (request) => {
    const { hostname } = new URL(request.url())
    if (hostname !== '127.0.0.1') problems.push(request.url())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text()))
      problems.push(message.text())
  })
  return problems
}

async function usingContext(browser, work) {
  const context = await browser.newContext()
  try {
    await work(await context.newPage(), context)
  } finally {
    await context.close()
  }
}

/** Serves a page on another origin. */
async function onAnotherSite(body, work) {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(`<!doctype html><title>another site</title>${body}`)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work(`http://localhost:${server.address().port}/`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function countOf(page, base) {
  await page.goto(pagesOf(base).audit)
  return page.locator('tbody tr').count()
}

/** Presses Tab until the focus is on an element with this text, or this id. */
async function tabTo(page, text, id = null) {
  for (let pressed = 0; pressed < 80; pressed++) {
    await page.keyboard.press('Tab')
    const focused = await page.evaluate(
      '[document.activeElement.textContent, document.activeElement.id]',
    )
    if (id === null ? focused[0].trim() === text : focused[1] === id) return
  }
  throw new Error(`Tab does not lead to ${id ?? text}.`)
}
