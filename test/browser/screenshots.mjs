// Makes a screenshot of each admin page, on a desktop and a phone, in light and dark:
//   node test/browser/screenshots.mjs FOLDER
// The data is made up. What the pages show of traffic and rejections comes from requests that it sends.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signRequest } from '../../dist/client/index.js'
import { createMac } from '../../dist/index.js'
import { launch, pagesOf } from './run.mjs'
import { startApp } from './servers.mjs'

const [, , out] = process.argv
if (out === undefined) {
  console.error('Name the folder for the screenshots: node test/browser/screenshots.mjs FOLDER')
  process.exit(2)
}
mkdirSync(out, { recursive: true })

const folder = mkdtempSync(join(tmpdir(), 'withmac-screenshots-'))
const shown = await seed(`sqlite:${folder}/mac.db`)
const app = await startApp('node-24', folder)
const browser = await launch()
try {
  await sendRequests()
  for (const colorScheme of ['light', 'dark']) {
    for (const [device, viewport] of [
      ['desktop', { width: 1280, height: 800 }],
      ['phone', { width: 390, height: 844 }],
    ]) {
      const context = await browser.newContext({
        colorScheme,
        viewport,
        deviceScaleFactor: Number(process.env.SCALE ?? 2),
      })
      await context.addCookies([{ name: 'who', value: 'eve', url: app.url }])
      const page = await context.newPage()
      const shoot = (name) =>
        page.screenshot({ path: join(out, `${name}-${device}-${colorScheme}.png`), fullPage: true })
      const base = `${app.url}admin`
      for (const [name, url] of Object.entries(pagesOf(base, shown.id))) {
        await page.goto(url)
        await shoot(name)
      }
      await page.goto(`${base}/rejections`)
      const rejection = page.locator('main a[href*="rejection?"]').first()
      if ((await rejection.count()) > 0) {
        await rejection.click()
        await shoot('rejection')
      }
      await page.goto(`${base}?q=nothing-like-this`)
      await shoot('empty')
      await page.goto(`${base}/new`)
      await page.getByLabel('User').fill('x'.repeat(200))
      await page.getByLabel('Label').fill('a label \u0007 with a bell')
      await page.getByLabel('On a date').check()
      await page.getByRole('button', { name: 'Create credential' }).click()
      await shoot('errors')
      await page.goto(`${base}/new`)
      await page.getByLabel('User').fill('grace')
      await page.getByRole('button', { name: 'Create credential' }).click()
      await shoot('key')
      await context.close()
    }
  }
} finally {
  await browser.close()
  await app.end()
  rmSync(folder, { recursive: true, force: true })
}

async function seed(database) {
  const mac = createMac({ database })
  const day = 86_400
  const now = Math.floor(Date.now() / 1000)
  const people = ['ada', 'grace', 'linus', 'margaret', 'dennis', 'barbara', 'edsger', 'radia']
  for (const [at, user] of people.entries()) {
    await mac.createCredential(user, {
      label: ['laptop', 'nightly export', 'CI', null][at % 4],
      scopes: [['orders:read'], ['orders:read', 'orders:write'], []][at % 3],
      expires: [now + 3 * day, now + 40 * day, null][at % 3],
    })
  }
  const [first, second, third] = await mac.listCredentials()
  await mac.disableCredential(second.id)
  await mac.revokeCredential(third.id)
  const rotated = await mac.rotateCredential(first.id, { graceSeconds: day })
  await mac.close()
  return rotated
}

async function sendRequests() {
  const send = async (credential, path) => {
    const signed = await signRequest(new Request(new URL(path, app.url)), credential)
    await fetch(signed.clone())
    return signed
  }
  for (let sent = 0; sent < 40; sent++) await send(shown, `/orders?page=${sent}`)
  await fetch(await send(shown, '/orders'))
  await send({ ...shown, key: 'not the key of this credential' }, '/orders')
  await send({ ...shown, id: 'nobody' }, '/orders')
  await fetch(app.url)
}
