import { describe, expect, test } from '../support/runner.ts'
import { FORM, shownIn, visitor } from './visitor.ts'

const rows = (text: string) => text.match(/<tr role="row"><td/g)?.length ?? 0

async function start() {
  const all = visitor()
  const { mac, clock } = all
  await mac.createCredential('ada', { id: 'a' })
  clock.seconds += 2 * 86_400
  await mac.createCredential('grace', { id: 'b', scopes: ['x'] })
  await mac.updateCredential('b', { label: 'new', scopes: [] })
  await mac.rotateCredential('b')
  return all
}

describe('the audit', () => {
  test('shows all events, the latest first, with what changed', async () => {
    const { text } = await (await start()).get('/admin/audit')
    expect(rows(text)).toBe(4)
    expect(text.indexOf('rotated</strong>')).toBeLessThan(text.indexOf('changed</strong>'))
    expect(text).toContain('<span class="quiet">label</span> none → <bdi>new</bdi>')
    expect(text).toContain('<span class="quiet">scopes</span> <bdi>x</bdi> → none')
  })

  test('names who made a change by the pages', async () => {
    let actor = 'ops'
    const { get, post, mac } = visitor({}, { authorize: () => actor })
    await post('/admin/new', FORM)
    const [id = ''] = (await mac.listCredentials()).map((each) => each.id)
    actor = 'grace'
    const at = (action: string) => `/admin/credential/${action}?id=${id}`
    await post(at('extend'), { expires: '7d' })
    await post(at('update'), {
      label: 'other',
      shown: shownIn(await get(`/admin/credential?id=${id}`)),
    })
    await post(at('disable'), {})
    await post(at('enable'), {})
    await post(at('rotate'), { grace: '1h', key: '1' })
    await post(at('revoke'), { confirm: id })
    await post(at('delete'), { confirm: id })
    const events = await mac.credentialHistory()
    expect(new Set(events.map((event) => `${event.action} by ${event.actor}`))).toEqual(
      new Set([
        ...['created by ops', 'extended by grace', 'changed by grace', 'disabled by grace'],
        ...['enabled by grace', 'rotated by grace', 'revoked by grace', 'deleted by grace'],
      ]),
    )
    expect(rows((await get('/admin/audit?actor=ops')).text)).toBe(1)
    expect((await get('/admin/audit?actor=ops')).text).toContain('<bdi>ops</bdi>')
  })

  test('is filtered by action, identifier, user and day', async () => {
    const { get, clock } = await start()
    const found = async (query: string) => rows((await get(`/admin/audit?${query}`)).text)
    expect(await found('action=created')).toBe(2)
    expect(await found('id=a')).toBe(1)
    expect(await found('user=grace')).toBe(3)
    expect(await found('user=grace&action=created')).toBe(1)
    const today = new Date(clock.seconds * 1000).toISOString().slice(0, 10)
    expect(await found(`from=${today}`)).toBe(3)
    expect(await found(`from=${today}&to=${today}`)).toBe(3)
    expect(
      await found(`to=${new Date((clock.seconds - 86_400) * 1000).toISOString().slice(0, 10)}`),
    ).toBe(1)
    expect((await get('/admin/audit?id=nothing')).text).toContain('No event matches.')
  })

  test('shows an error beside a day that is not valid', async () => {
    const { text } = await (await start()).get('/admin/audit?from=2030-02-30x')
    expect(text).toContain(
      '<p class="error" id="audit-from-error">Enter a date, such as 2030-12-31.</p>',
    )
  })

  test('has pages', async () => {
    const { get, mac } = visitor()
    await mac.createCredential('ada', { id: 'x' })
    for (let times = 0; times < 60; times++) {
      await mac.disableCredential('x')
      await mac.enableCredential('x')
    }
    const first = await get('/admin/audit?user=ada')
    expect(rows(first.text)).toBe(100)
    const [, next = ''] = /rel="next" href="([^"]*)"/.exec(first.text) ?? []
    const second = await get(next.replaceAll('&amp;', '&'))
    expect(rows(second.text)).toBe(21)
    expect(second.text).toContain('created</strong>')
    expect(second.text).not.toContain('rel="next"')
  })

  test('says what to expect if it is empty', async () => {
    expect((await visitor().get('/admin/audit')).text).toContain('Nothing has happened yet.')
  })
})

describe('the audit as CSV', () => {
  test('has the same filters', async () => {
    const { get } = await start()
    const { text, headers } = await get('/admin/audit.csv?action=created')
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="audit-[-\d]+\.csv"$/)
    const lines = text.replace('\ufeff', '').trimEnd().split('\r\n')
    expect(lines[0]).toBe('number,time,action,actor,credential,user,detail')
    expect(lines.slice(1).map((line) => line.split(',')[4])).toEqual(['b', 'a'])
  })

  test('quotes values, and a spreadsheet does not calculate them', async () => {
    const { get, mac } = visitor()
    for (const user of ['=1+1', '+1', '-1', '@x', 'a,"b"\nc', "'x"])
      await mac.createCredential(user)
    const { text } = await get('/admin/audit.csv')
    for (const value of ["'=1+1", "'+1", "'-1", "'@x", '"a,""b""\nc"', "'x"]) {
      expect(text).toContain(`,${value},`)
    }
    expect(text).not.toMatch(/,[=+@-]/)
  })

  test('has more events than a page', async () => {
    const { get, mac } = visitor()
    await mac.createCredential('ada', { id: 'x' })
    for (let times = 0; times < 1200; times++) {
      if (times % 2 === 0) await mac.disableCredential('x')
      else await mac.enableCredential('x')
    }
    const { text } = await get('/admin/audit.csv')
    expect(text.trimEnd().split('\r\n')).toHaveLength(1202)
  })
})

test('a CSV with a filter that is not valid is an error, instead of all events', async () => {
  const { get } = visitor()
  for (const filter of ['from=yesterday', 'to=2030-13-01', 'action=none']) {
    const { status, text } = await get(`/admin/audit.csv?${filter}`)
    expect([status, text]).toEqual([400, expect.stringMatching(/^(from|to|action): \w/)])
  }
})
