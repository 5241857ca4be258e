import { writeFileSync } from 'node:fs'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listen } from '../support/listen.ts'
import { BASH, CURL, type Need, OPENSSL, PYTHON, RUBY, testWith } from '../support/needs.ts'
import { runCommand } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'
import { type Block, block } from './pages.ts'

const URL_OF_PAGE = 'http://localhost:3000/orders?page=2'

/** Each example, with the command that runs it, and what the machine needs for it. */
const EXAMPLES: readonly (readonly [example: Block, command: string, needs: readonly Need[]])[] = [
  [block('# sign.sh: '), 'bash', [BASH, CURL, OPENSSL]],
  [block('# sign.py: '), 'python3', [PYTHON]],
  [block('# sign.rb: '), 'ruby', [RUBY]],
]

for (const [{ language, code }, command, needs] of EXAMPLES) {
  const ifThere = await testWith(...needs)
  ifThere(
    `the server accepts what the ${language} example signs, and rejects a wrong key`,
    async () => {
      using folder = temporaryFolder()
      const mac = createMac({ database: 'sqlite::memory:', onReject: () => {} })
      const { id, key } = await mac.createCredential('ada')
      const server = await listen(mac.withMac(({ url }) => new Response(new URL(url).search)))
      writeFileSync(folder.path('sign'), code.replace('port=3000', `port=${server.port}`))
      const url = URL_OF_PAGE.replace('3000', String(server.port))
      const run = (MAC_KEY: string) =>
        runCommand([command, 'sign', url], {
          cwd: folder.path(''),
          env: { ...process.env, MAC_ID: id, MAC_KEY },
        })
      expect((await run(key)).out).toContain('?page=2')
      const wrong = await run(`${key}x`)
      expect(wrong.out + wrong.err).toContain('401')
      await server.close()
      await mac.close()
    },
  )
}

test('docs/signing-by-hand.md shows the right MAC for its example request', () => {
  const { code } = block('\nmac    ')
  const [key, ts, nonce, method, target, host, port, ext, , mac] = code
    .split('\n')
    .map((line) => line.slice(7))
  expect(port).toBe('443')
  const signing = { ts: ts ?? '', nonce: nonce ?? '', method: method ?? '', ext: ext ?? '' }
  const header = authorization({ id: 'x', key: key ?? '' }, `https://${host}${target}`, signing)
  expect(header).toContain(`mac="${mac}"`)
})
