import { createAdmin } from '../../src/admin/index.ts'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { expect, test } from '../support/runner.ts'
import { ORIGIN, visitor } from './visitor.ts'

test('the health page shows what was found, and what to do', async () => {
  const { get } = visitor({
    health: async () => [
      { state: 'good', subject: 'content', text: 'It opens.' },
      {
        ...{ state: 'bad', subject: 'mode', text: 'Others can read it: <b>' },
        advice: [
          'chmod 600 <file>, or ',
          { command: 'extend', id: 'a&b', options: '--expires 90d' },
        ],
      },
    ],
  })
  const { text } = await get('/admin/health')
  expect(text).toContain('One problem found.')
  expect(text).toContain('<bdi>Others can read it: &lt;b&gt;</bdi>')
  expect(text).toContain('<bdi>chmod 600 &lt;file&gt;, or </bdi>')
  expect(text).toContain(
    '<a href="/admin/credential?id=a%26b"><code>withmac extend <bdi>a&amp;b</bdi>',
  )
})

test('the health page checks the database of the Mac', async () => {
  using folder = temporaryFolder()
  const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
  await mac.createCredential('ada')
  const admin = createAdmin(mac, { authorize: () => 'ops' })
  const response = await admin(new Request(`${ORIGIN}/admin/health`))
  const text = await response.text()
  expect(response.status).toBe(200)
  expect(text).toContain('No problems found.')
  expect(text).toContain('<h2>credentials</h2>')
  await mac.close()
})
