import { describe, expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'
import { errorOf, FORM, idOn, keyOn, ORIGIN, posted, visitor } from './visitor.ts'

const hiddenId = (text: string) => /name="id" value="([0-9a-f]{24})"/.exec(text)?.[1] ?? ''

describe('a new credential', () => {
  test('has what was typed, and its key signs requests', async () => {
    const { mac, post, clock } = visitor()
    const page = await post('/admin/new', {
      ...FORM,
      ...{ scopes: 'orders:read\r\norders:write, reports', requests: '5', seconds: '60' },
    })
    expect(page.status).toBe(200)
    const [credential] = await mac.listCredentials()
    expect(credential).toMatchObject({
      ...{ id: idOn(page), user: 'ada', label: 'laptop', algorithm: 'hmac-sha-256' },
      ...{
        scopes: ['orders:read', 'orders:write', 'reports'],
        rateLimit: { requests: 5, seconds: 60 },
      },
      expires: new Date((clock.seconds + 86_400) * 1000),
    })
    const app = mac.withMac(() => new Response())
    const header = authorization({ id: idOn(page), key: keyOn(page) ?? '' }, `${ORIGIN}/`, {
      ts: clock.seconds,
    })
    const request = new Request(`${ORIGIN}/`, { headers: { authorization: header } })
    expect((await app(request)).status).toBe(200)
  })

  test.each([
    ['1h', 3600],
    ['24h', 86_400],
    ['7d', 604_800],
    ['30d', 2_592_000],
    ['never', null],
  ])('expires %s', async (expires, seconds) => {
    const { mac, post, clock } = visitor()
    await post('/admin/new', { ...FORM, expires })
    const [credential] = await mac.listCredentials()
    const end = seconds === null ? null : new Date((clock.seconds + seconds) * 1000)
    expect(credential?.expires).toEqual(end)
  })

  test('expires on a date, in UTC', async () => {
    const { mac, post } = visitor()
    await post('/admin/new', { ...FORM, expires: 'date', date: '2096-02-29T13:45' })
    const [credential] = await mac.listCredentials()
    expect(credential?.expires).toEqual(new Date('2096-02-29T13:45:00Z'))
  })

  test('a form that is sent twice makes one credential, and shows its key once', async () => {
    const { get, post, mac } = visitor()
    const id = hiddenId((await get('/admin/new')).text)
    const first = await post('/admin/new', { ...FORM, id })
    const again = await post('/admin/new', { ...FORM, id })
    expect([first.status, again.status]).toEqual([200, 409])
    expect([idOn(first), keyOn(again)]).toEqual([id, null])
    expect(again.text).not.toContain(keyOn(first) ?? 'missing')
    expect(await mac.listCredentials()).toHaveLength(1)
  })

  test('two forms have two identifiers', async () => {
    const { get } = visitor()
    const [one, other] = [await get('/admin/new'), await get('/admin/new')]
    expect(hiddenId(one.text)).not.toBe(hiddenId(other.text))
  })
})

test('the key is on no page after its creation, in no address, no log and no history', async () => {
  const lines: unknown[] = []
  const original = { log: console.log, error: console.error, warn: console.warn }
  for (const name of ['log', 'error', 'warn'] as const)
    console[name] = (...line) => lines.push(line)
  try {
    const { get, post } = visitor()
    const page = await post('/admin/new', FORM)
    const key = keyOn(page) ?? ''
    expect(key).toHaveLength(43)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('location')).toBe(null)
    const address = `/admin/credential?id=${idOn(page)}`
    const rotated = await post(`/admin/credential/rotate?id=${idOn(page)}`, {
      grace: '1h',
      key: '1',
    })
    const next = keyOn(rotated) ?? ''
    expect(next).toHaveLength(43)
    for (const path of ['/admin', address, '/admin/audit', '/admin/audit.csv', '/admin/new']) {
      const { text } = await get(path)
      expect([path, text.includes(key), text.includes(next)]).toEqual([path, false, false])
    }
    for (const each of page.text.matchAll(/(?:href|src|action|value)="([^"]*)"/g)) {
      expect(each[1]).not.toContain(key)
    }
    expect(lines).toEqual([])
  } finally {
    Object.assign(console, original)
  }
})

describe('an error is beside its field, and what was typed is kept:', () => {
  test.each([
    ['user', { user: ' ' }, 'Enter the user that it belongs to.'],
    ['user', { user: 'x'.repeat(1025) }, 'It must have at most 1024 characters.'],
    ['user', { user: 'a\0b' }, 'It holds a character that cannot be stored.'],
    ['label', { label: 'x'.repeat(1025) }, 'It must have at most 1024 characters.'],
    ['scopes', { scopes: 'good b"d' }, 'Scope 2 must be printable ASCII'],
    ['scopes', { scopes: 'x '.repeat(101) }, 'The list must have at most 100 elements.'],
    ['algorithm', { algorithm: 'md5' }, 'Choose an algorithm.'],
    ['expires', { expires: '2h' }, 'Choose when it expires.'],
    ['expires', { expires: 'constructor' }, 'Choose when it expires.'],
    ['expires', { expires: '0' }, 'Choose when it expires.'],
    ['date', { expires: 'date', date: '' }, 'Enter a date and a time'],
    ['date', { expires: 'date', date: '2099-02-30T00:00' }, 'Enter a date and a time'],
    ['date', { expires: 'date', date: '2001-01-01T00:00' }, 'This is in the past.'],
    ['seconds', { requests: '5' }, 'Fill in both fields'],
    ['requests', { requests: '0', seconds: '60' }, 'Enter a whole number from 1 to 1,000,000,000.'],
    ['seconds', { requests: '5', seconds: '86401' }, 'Enter a whole number from 1 to 86,400.'],
    ['requests', { requests: '1e3', seconds: '60' }, 'Enter a whole number'],
  ])('%s', async (field, changed, message) => {
    const { post, mac } = visitor()
    const typed = { ...FORM, label: 'my "own" label', ...changed }
    const page = await post('/admin/new', typed)
    expect(page.status).toBe(422)
    expect(errorOf(`new-${field}`, page)).toContain(message)
    expect(page.text).toContain(`<a href="#new-${field}">`)
    expect(page.text).toContain(`aria-describedby="`)
    if (!('label' in changed)) expect(page.text).toContain('value="my &quot;own&quot; label"')
    expect(keyOn(page)).toBe(null)
    expect(await mac.listCredentials()).toEqual([])
  })

  test('the text of a text area is kept as it was', async () => {
    const { post } = visitor()
    const { text } = await post('/admin/new', {
      ...FORM,
      user: '',
      scopes: '\n</textarea><script>',
    })
    expect(text).toContain('\n\n&lt;/textarea&gt;&lt;script&gt;</textarea>')
  })
})

test('a form of another encoding does no harm', async () => {
  const { admin, mac } = visitor()
  const headers = { 'Sec-Fetch-Site': 'same-origin' }
  const request = new Request(posted('/admin/new', {}, headers), {
    body: 'user=%ff%00&user=second&expires=1h&algorithm=hmac-sha-256&%=%',
  })
  expect((await admin(request)).status).toBe(422)
  expect(await mac.listCredentials()).toEqual([])
})
