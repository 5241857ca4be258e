import { describe, expect, test } from '../support/runner.ts'
import { FORM, visitor } from './visitor.ts'

const identifiers = (text: string) =>
  [...text.matchAll(/<a class="name" href="[^"]*[?&]id=([^"&]*)"/g)].map(([, id]) => id)

describe('the list of credentials', () => {
  test('has pages from the newest to the oldest, without a gap and without a repetition', async () => {
    const { get, mac, clock } = visitor()
    const created: string[] = []
    for (let number = 0; number < 120; number++) {
      // Some are of the same second.
      if (number % 3 === 0) clock.seconds++
      created.push((await mac.createCredential('ada')).id)
    }
    const seen: (string | undefined)[] = []
    let address: string | null = '/admin'
    const sizes: number[] = []
    while (address !== null) {
      const { text } = await get(address)
      const shown = identifiers(text)
      sizes.push(shown.length)
      seen.push(...shown)
      const [, next] = /rel="next" href="([^"]*)"/.exec(text) ?? []
      address = next?.replaceAll('&amp;', '&') ?? null
    }
    expect(sizes).toEqual([50, 50, 20])
    expect([...seen].sort()).toEqual([...created].sort())
    expect((await get('/admin')).text).not.toContain('First page')
  })

  test('ignores a position that is not valid', async () => {
    const { get, mac } = visitor()
    await mac.createCredential('ada', { id: 'x' })
    for (const query of ['created=abc&id=x', 'created=1', 'created=-1&id=x', 'created=1e9&id=x']) {
      expect(identifiers((await get(`/admin?${query}`)).text)).toEqual(['x'])
    }
  })

  test('is searched by a part of label, user or identifier, and filtered by status', async () => {
    const { get, mac, clock } = visitor()
    const soon = clock.seconds + 3600
    await mac.createCredential('ada', { id: 'a1', label: 'Laptop', expires: null })
    await mac.createCredential('grace', { id: 'b2', label: 'phone', expires: soon })
    await mac.createCredential('grace', { id: 'c3', expires: null })
    await mac.createCredential('grace', { id: 'd4', expires: null })
    await mac.createCredential('machine', {
      id: 'e5',
      expires: soon + 604_800,
      removeWhenExpired: true,
    })
    await mac.disableCredential('c3')
    await mac.revokeCredential('d4')
    const found = async (query: string) => identifiers((await get(`/admin?${query}`)).text).sort()
    expect(await found('q=lap')).toEqual(['a1'])
    expect(await found('q=GRACE')).toEqual(['b2', 'c3', 'd4'])
    expect(await found('q=3')).toEqual(['c3'])
    expect(await found('q=%25')).toEqual([])
    expect(await found('status=machine')).toEqual(['e5'])
    expect(await found('status=active')).toEqual(['a1', 'b2', 'e5'])
    expect(await found('status=expiring')).toEqual(['b2'])
    expect(await found('status=disabled')).toEqual(['c3'])
    expect(await found('status=revoked')).toEqual(['d4'])
    expect(await found('status=unknown')).toEqual(['a1', 'b2', 'c3', 'd4', 'e5'])
    clock.seconds += 7200
    expect(await found('status=expired')).toEqual(['b2'])
    expect(await found('status=active&q=grace')).toEqual([])
  })

  test('is searched by the whole text, also behind a NUL', async () => {
    const { mac, get } = visitor()
    await mac.createCredential('ada', { id: 'id-of-ada' })
    await mac.createCredential('grace', { id: 'id-of-grace' })
    const { text } = await get('/admin?q=%00grace')
    expect([text.includes('id-of-grace'), text.includes('id-of-ada')]).toEqual([true, false])
  })

  test('says what to do if it is empty', async () => {
    const { get, mac } = visitor()
    expect((await get('/admin')).text).toContain('There are no credentials yet.')
    await mac.createCredential('ada')
    expect((await get('/admin?q=nothing')).text).toContain('No credential matches.')
    expect((await get('/admin?created=1&id=x')).text).toContain('There are no more credentials.')
  })
})

/** Texts that could break out of the page, turn it round, or push it apart. */
const FOREIGN = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'onmouseover='alert(1)",
  '</title></textarea></style><script>alert(1)</script>',
  '&lt;b&gt; &amp; &#x27;',
  '\u202ereversed\u202c שלום مرحبا',
  'x'.repeat(1000),
  '{{1}}<%= 2 %>#{3}',
  'line\r\nline\ttab\u2028',
]

describe('a foreign text is only text:', () => {
  test.each(FOREIGN.map((text) => [text.slice(0, 40), text] as const))('%s', async (_, text) => {
    const { get, post, mac } = visitor({}, { authorize: () => text.slice(0, 256) })
    const { id } = await mac.createCredential(text, { label: text })
    await mac.updateCredential(id, { label: `${text.slice(0, 900)}!` })
    const query = encodeURIComponent(text)
    const pages = [
      await get('/admin'),
      await get(`/admin?q=${query}&status=${query}&created=${query}&id=${query}&done=${query}`),
      await get(`/admin/credential?id=${id}`),
      await get(`/admin/credential?id=${query}`),
      await get(`/admin/new?user=${query}`),
      await get(
        `/admin/audit?user=${query}&actor=${query}&id=${query}&from=${query}&action=${query}`,
      ),
      await get('/admin/audit'),
      await get(`/admin/rejections?reference=${query}`),
      await get(`/admin/rejection?reference=${query}`),
      await get(`/admin/${query.replaceAll('%', '')}`),
      await post('/admin/new', {
        ...FORM,
        user: text,
        label: text,
        scopes: text,
        date: text,
        requests: text,
      }),
      await post('/admin/new', { ...FORM, user: text, label: text }),
      await post(`/admin/credential/revoke?id=${id}`, { confirm: text }),
      await post(`/admin/credential/update?id=${id}`, { label: text, scopes: '"', seconds: text }),
    ]
    for (const { text: page, status } of pages) {
      expect(status).toBeLessThan(500)
      expect(page.match(/<script/g)).toHaveLength(1)
      expect(page).not.toContain('<img')
      expect(page.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son\w+=/)
      expect(unbalanced(page)).toEqual([])
    }
  })

  test('(the check for balanced tags finds an open tag and a wrong end)', () => {
    expect(unbalanced('<p><b>x</p>')).not.toEqual([])
    expect(unbalanced('<p>x</p></div>')).not.toEqual([])
    expect(unbalanced('<p title="a > b">x<br></p>')).toEqual([])
  })
})

const VOID = new Set(['meta', 'link', 'input', 'br', 'path', 'circle', 'rect', 'line', '!doctype'])

/** Returns the tags of a page that have no partner. */
function unbalanced(page: string): string[] {
  const open: string[] = []
  const wrong: string[] = []
  for (const [, end, name = ''] of page.matchAll(/<(\/?)([!a-z][a-z0-9]*)(?:"[^"]*"|[^>"])*>/gi)) {
    if (VOID.has(name.toLowerCase()) && end === '') continue
    if (end === '') open.push(name)
    else if (open.pop() !== name) wrong.push(`/${name}`)
  }
  return [...wrong, ...open]
}
