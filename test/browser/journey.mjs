import { equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { signRequest } from '../../dist/client/index.js'

/**
 * The life of a credential as a person sees it: create it, copy its key from the page, sign with it, rotate it,
 * sign with both keys, revoke it.
 *
 * @param admin The address of the list of credentials.
 * @param app The address of a server with a wrapped handler, on the same database.
 */
export async function journey(page, admin, app, user) {
  const send = async (credential) =>
    (await fetch(await signRequest(new Request(app), credential))).status

  await page.goto(admin)
  await page
    .getByRole('link', { name: /new credential|create/i })
    .first()
    .click()
  await page.getByLabel('User').fill(user)
  await page.getByLabel('Label').fill('laptop')
  await page.getByLabel('7 days').check()
  await page.getByRole('button', { name: 'Create credential' }).click()
  await page.getByRole('heading', { name: 'Credential created' }).waitFor()
  const first = await shownKey(page)
  equal(await send(first), 200)
  await runSnippet(page)

  await page.getByRole('link', { name: 'I have copied the key' }).click()
  ok(!(await page.content()).includes(first.key), 'the key is shown once')
  const credential = page.url()
  await page.locator('summary', { hasText: 'Rotate the key' }).click()
  await page.getByLabel('In 1 hour').check()
  await page.getByRole('button', { name: 'Make a new key' }).click()
  await page.getByRole('heading', { name: 'New key' }).waitFor()
  const second = await shownKey(page)
  equal(second.id, first.id)
  ok(second.key !== first.key)
  equal(await send(first), 200)
  equal(await send(second), 200)

  await page.goto(credential)
  await page.locator('summary', { hasText: /^Revoke/ }).click()
  const form = page.locator('form[action*="revoke"]')
  await form.getByLabel('Identifier').fill('something else')
  await form.getByRole('button').click()
  match(await page.locator('form[action*="revoke"] .error').innerText(), /not the identifier/)
  await form.getByLabel('Identifier').fill(first.id)
  await form.getByRole('button').click()
  await page.getByText('The credential is revoked.').waitFor()
  equal(await send(second), 401)
  return first
}

/** Runs the lines for curl and openssl as they are on the page. */
async function runSnippet(page) {
  const lines = await page.locator('#snippet-0').innerText()
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', lines])
  match(stdout, /^HTTP\/1\.1 200 /, stderr)
}

/** The identifier and the key that the page shows. */
export async function shownKey(page) {
  return {
    id: await page.locator('#new-id').innerText(),
    key: await page.locator('#new-key').innerText(),
  }
}
