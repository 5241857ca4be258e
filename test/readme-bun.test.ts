import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './support/folder.ts'
import { endOf } from './support/process.ts'
import { expect, test } from './support/runner.ts'

const ROOT = join(import.meta.dirname, '..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

test("the README's first example serves what it says", async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.path('node_modules'))
  symlinkSync(ROOT, folder.path('node_modules/withmac'))
  writeFileSync(folder.path('server.ts'), block('// server.ts'))
  writeFileSync(folder.path('sign.ts'), block('export function sign'))
  const { MAC_DATABASE_URL: _, ...env } = process.env
  const server = spawn(process.execPath, ['server.ts'], {
    cwd: folder.path(''),
    env: { ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = endOf(server)
  let output = ''
  for await (const chunk of server.stdout) {
    output += chunk
    if (output.includes('}')) break
  }
  const [, url = '', id = '', key = ''] = /(http\S+).*id: "(.*?)".*key: "(.*?)"/s.exec(output) ?? []
  const { sign } = await import(folder.path('sign.ts'))
  const headers = { authorization: sign('GET', url, { id, key }) }
  const first = await fetch(url, { headers })
  expect(await first.text()).toBe('hello ada')
  expect((await fetch(url, { headers })).status).toBe(401)
  expect((await fetch(url)).status).toBe(401)
  server.kill()
  await ended
})

function block(holds: string): string {
  const blocks = [...README.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code)
  const found = blocks.find((code) => code.includes(holds))
  if (found === undefined) throw new Error(`The README has no example with ${holds}`)
  return found
}
