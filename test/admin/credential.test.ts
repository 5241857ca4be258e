import { describe, expect, test } from '../support/runner.ts'
import { signed } from '../support/sign.ts'
import { errorOf, keyOn, ORIGIN, shownIn, type Visitor, visitor } from './visitor.ts'

const AT = '/admin/credential'

async function start(
  options = {},
): Promise<Visitor & { readonly send: (key: string) => Promise<number> }> {
  const all = visitor()
  const { mac, clock } = all
  await mac.createCredential('ada', { id: 'x', label: 'laptop', ...options })
  const app = mac.withMac(() => new Response())
  const send = async (key: string) =>
    (await app(signed({ id: 'x', key }, `${ORIGIN}/`, { ts: clock.seconds }))).status
  return { ...all, send }
}

describe('rotation', () => {
  test('shows a new key, and both keys are accepted until the grace ends', async () => {
    const { mac, clock, post, send } = await start({ id: 'first' })
    const { key } = await mac.createCredential('ada', { id: 'x', expires: null })
    const page = await post(`${AT}/rotate?id=x`, { grace: '1h', key: '1' })
    const next = keyOn(page) ?? ''
    expect([page.status, next.length]).toEqual([200, 43])
    expect([await send(key), await send(next)]).toEqual([200, 200])
    clock.seconds += 3602
    expect([await send(key), await send(next)]).toEqual([401, 200])
  })

  test('ends the current key at once, if it has leaked', async () => {
    const { mac, post, send } = await start({ id: 'first' })
    const { key } = await mac.createCredential('ada', { id: 'x' })
    const page = await post(`${AT}/rotate?id=x`, { grace: '0', key: '1' })
    expect([await send(key), await send(keyOn(page) ?? '')]).toEqual([401, 200])
    expect(page.text).toContain('The earlier keys are rejected from now on.')
  })

  test('a form that is sent twice makes one new key', async () => {
    const { mac, post, send } = await start()
    const page = await post(`${AT}/rotate?id=x`, { grace: '0', key: '1' })
    const again = await post(`${AT}/rotate?id=x`, { grace: '0', key: '1' })
    expect([page.status, again.status, keyOn(again)]).toEqual([200, 422, null])
    expect(again.text).toContain('the credential was rotated already')
    expect((await mac.getCredential('x'))?.keyNumber).toBe(2)
    expect(await send(keyOn(page) ?? '')).toBe(200)
  })

  test('in the grace of an earlier key needs a confirmation', async () => {
    const { get, mac, post } = await start()
    await mac.rotateCredential('x')
    expect((await get(`${AT}?id=x`)).text).toContain('End key 1 now.')
    const refused = await post(`${AT}/rotate?id=x`, { grace: '1h', key: '2' })
    expect([refused.status, keyOn(refused)]).toEqual([422, null])
    expect(errorOf('rotate-grace', refused)).toContain('A credential has at most two keys.')
    const page = await post(`${AT}/rotate?id=x`, { grace: '1h', key: '2', end: 'yes' })
    expect(page.status).toBe(200)
    expect((await mac.getCredential('x'))?.keyNumber).toBe(3)
  })

  test('of an expired credential says that it must be extended first', async () => {
    const { clock, mac, post } = await start()
    clock.seconds += 2 * 86_400
    const page = await post(`${AT}/rotate?id=x`, { grace: '1h', key: '1' })
    expect([page.status, keyOn(page)]).toEqual([422, null])
    expect(page.text).toContain('Change when it expires before you rotate its key.')
    expect((await mac.getCredential('x'))?.keyNumber).toBe(1)
  })

  test('needs a choice when the key ends', async () => {
    const page = await (await start()).post(`${AT}/rotate?id=x`, { grace: '1y', key: '1' })
    expect(errorOf('rotate-grace', page)).toBe('Choose when the current key ends.')
  })
})

describe('every other action leads back to the page, which says what was done:', () => {
  test('extend', async () => {
    const { mac, post, get, clock } = await start()
    const { status, headers } = await post(`${AT}/extend?id=x`, { expires: '7d' })
    expect([status, headers.get('location')]).toEqual([303, `${AT}?id=x&done=extend`])
    const end = new Date((clock.seconds + 604_800) * 1000)
    expect((await mac.getCredential('x'))?.expires).toEqual(end)
    expect((await get(`${AT}?id=x&done=extend`)).text).toContain(
      'The end of the credential was changed.',
    )
  })

  test('change label, scopes and rate limit', async () => {
    const { mac, post, get } = await start({
      scopes: ['a'],
      rateLimit: { requests: 1, seconds: 1 },
    })
    const shown = shownIn(await get(`${AT}?id=x`))
    const form = { label: '', scopes: 'b c', requests: '', seconds: '', shown }
    expect((await post(`${AT}/update?id=x`, form)).status).toBe(303)
    expect(await mac.getCredential('x')).toMatchObject({
      label: null,
      scopes: ['b', 'c'],
      rateLimit: null,
    })
  })

  test('but a form that shows old values changes nothing', async () => {
    const { mac, post, get } = await start({ scopes: ['read', 'admin'] })
    const shown = shownIn(await get(`${AT}?id=x`))
    await mac.updateCredential('x', { scopes: ['read'] })
    const form = { label: 'new', scopes: 'read admin', requests: '', seconds: '', shown }
    const { status, text } = await post(`${AT}/update?id=x`, form)
    expect([status, text]).toEqual([422, expect.stringContaining('changed by somebody else')])
    expect(await mac.getCredential('x')).toMatchObject({ scopes: ['read'] })
  })

  test('and of two copies of a rotation at once only one makes a key', async () => {
    const { mac, post } = await start()
    const form = { key: '1', grace: '24h', end: 'yes' }
    const both = await Promise.all([1, 2].map(() => post(`${AT}/rotate?id=x`, form)))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await mac.getCredential('x'))?.keyNumber).toBe(2)
  })

  test('and an end in a later century is accepted', async () => {
    const { mac, post } = await start()
    const form = { expires: 'date', date: '9999-12-31T23:59' }
    expect((await post(`${AT}/extend?id=x`, form)).status).toBe(303)
    expect((await mac.getCredential('x'))?.expires?.getUTCFullYear()).toBe(9999)
  })

  test('disable and enable', async () => {
    const { mac, post } = await start()
    expect((await post(`${AT}/disable?id=x`, {})).status).toBe(303)
    expect((await mac.getCredential('x'))?.disabled).not.toBe(null)
    expect((await post(`${AT}/enable?id=x`, {})).status).toBe(303)
    expect((await mac.getCredential('x'))?.disabled).toBe(null)
  })

  test('reset the clock offset', async () => {
    const { headers } = await (await start()).post(`${AT}/reset-clock?id=x`, {})
    expect(headers.get('location')).toBe(`${AT}?id=x&done=reset-clock`)
  })

  test('revoke and delete, if the identifier was typed', async () => {
    const { mac, post, get } = await start()
    for (const action of ['revoke', 'delete']) {
      for (const confirm of ['', 'y', 'X']) {
        const page = await post(`${AT}/${action}?id=x`, { confirm })
        expect(page.status).toBe(422)
        expect(errorOf(`${action}-confirm`, page)).toBe(
          'This is not the identifier of the credential.',
        )
      }
    }
    expect((await mac.getCredential('x'))?.revoked).toBe(null)
    await post(`${AT}/revoke?id=x`, { confirm: ' x ' })
    expect((await mac.getCredential('x'))?.revoked).not.toBe(null)
    const { headers } = await post(`${AT}/delete?id=x`, { confirm: 'x' })
    expect(headers.get('location')).toBe('/admin?done=deleted')
    expect(await mac.getCredential('x')).toBe(null)
    expect((await get('/admin?done=deleted')).text).toContain('The credential was deleted.')
  })

  test('an unknown name in the address says nothing', async () => {
    const { get } = await start()
    for (const path of [`${AT}?id=x&done=__proto__`, '/admin?done=constructor']) {
      const page = await get(path)
      expect(page.status).toBe(200)
      expect(page.text).not.toContain('class="notice')
    }
  })
})

test('errors are beside their fields, and what was typed is kept', async () => {
  const { post, mac } = await start()
  const extended = await post(`${AT}/extend?id=x`, { expires: 'date', date: '2001-01-01T00:00' })
  expect([extended.status, errorOf('extend-date', extended)]).toEqual([
    422,
    'This is in the past. Enter a time in the future.',
  ])
  const form = { label: 'other', scopes: '"', requests: '1', seconds: '' }
  const updated = await post(`${AT}/update?id=x`, form)
  expect(errorOf('update-scopes', updated)).toContain('Scope 1 must be')
  expect(errorOf('update-seconds', updated)).toContain('Fill in both fields')
  expect(updated.text).toContain('value="other"')
  expect(await mac.getCredential('x')).toMatchObject({ label: 'laptop' })
})

test('a revoked credential is not changed by an old form', async () => {
  const { mac, get, post } = await start({ scopes: ['read'] })
  const shown = shownIn(await get(`${AT}?id=x`))
  await mac.revokeCredential('x')
  const form = { label: 'new', scopes: '', requests: '', seconds: '', shown }
  for (const action of ['update', 'reset-clock']) {
    const { status, text } = await post(`${AT}/${action}?id=x`, form)
    expect([status, text]).toEqual([409, expect.stringContaining('was revoked')])
  }
  expect(await mac.getCredential('x')).toMatchObject({ label: 'laptop', scopes: ['read'] })
})

test('a rotation takes only the grace periods of the form', async () => {
  const { mac, post } = await start()
  const { status, text } = await post(`${AT}/rotate?id=x`, { key: '1', grace: '30d' })
  expect([status, text]).toEqual([422, expect.stringContaining('Choose when the current key ends')])
  expect((await mac.getCredential('x'))?.keyNumber).toBe(1)
})

test('a revoked credential offers only its deletion, and an old form for it is answered 409', async () => {
  const { get, mac, post } = await start()
  await mac.revokeCredential('x')
  const { text } = await get(`${AT}?id=x`)
  expect([...text.matchAll(/action="([^"]*)"/g)].map(([, action]) => action)).toEqual([
    `${AT}/delete?id=x`,
  ])
  for (const [action, form] of [
    ['disable', {}],
    ['enable', {}],
    ['rotate', { grace: '1h', key: '1' }],
    ['extend', { expires: '1h' }],
  ] as const) {
    const page = await post(`${AT}/${action}?id=x`, form)
    expect([action, page.status]).toEqual([action, 409])
    expect(page.text).toContain('was revoked')
  }
})

test('a credential that does not exist is answered 404, also for a form', async () => {
  const { get, post } = await start()
  for (const page of [
    await get(AT),
    await get(`${AT}?id=`),
    await get(`${AT}?id=unknown`),
    await get(`${AT}?id=${'x'.repeat(5000)}`),
    await post(`${AT}/disable?id=unknown`, {}),
    await post(`${AT}/delete?id=`, { confirm: '' }),
  ]) {
    expect(page.status).toBe(404)
    expect(page.text).toContain('There is no such credential')
  }
})

test.each(['..', '.', 'a/b', 'a?b#c', "it's", '%2F', 'a b', '<b>&amp;', '{}', '$`'])(
  'the identifier %s has a page of its own',
  async (id) => {
    const { get, mac } = visitor()
    await mac.createCredential('ada', { id })
    const list = await get('/admin')
    const [, link = ''] = /<a class="name" href="([^"]*)"/.exec(list.text) ?? []
    const page = await get(link.replaceAll('&amp;', '&'))
    expect(page.status).toBe(200)
    expect(page.text).toContain('id="the-id"')
  },
)

test('the page shows both keys, their use, and the history', async () => {
  const { get, mac, clock, send } = await start({
    key: 'a-key-of-22-characters',
    allowShortKey: true,
  })
  await mac.rotateCredential('x')
  expect(await send('a-key-of-22-characters')).toBe(200)
  clock.seconds += 120
  const { text } = await get(`${AT}?id=x`)
  expect(text).toContain('Key 2 <span class="badge active">Current</span>')
  expect(text).toContain('Key 1 <span class="badge active">In its grace</span>')
  expect(text).toContain('<strong>rotated</strong>')
  expect(text).toContain('<strong>created</strong>')
})
