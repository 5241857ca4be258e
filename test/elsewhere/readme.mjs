import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RUNTIMES } from '../runtimes/runtimes.mjs'

/*
 * Runs the README's servers where they belong, each in a project with the packed library installed:
 * an unsigned request gets 401, a signed one 200, and its copy 401.
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const cache = join(root, 'node_modules/.cache/withmac-runtimes')
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/```(?:js|ts)\n(.*?)```/gs)].map(([, code]) => code)
const denoLine = /deno run (--allow\S+(?: --allow\S+)*) server\.mjs/.exec(readme)?.[1]
assert.ok(denoLine, 'the README states the permissions that Deno wants')

const node = { holds: '@hono/node-server', file: 'server.mjs', args: [] }
const examples = [
  { runtime: 'bun', holds: 'Bun.serve', file: 'server.ts', args: [] },
  {
    runtime: 'deno',
    holds: 'Deno.serve',
    file: 'server.mjs',
    args: ['run', ...denoLine.split(' ')],
  },
  ...['node-18', 'node-20', 'node-24', 'node-26'].map((runtime) => ({ runtime, ...node })),
]

let passed = 0
for (const example of examples) {
  const { title, binary } = RUNTIMES.find(({ name }) => name === example.runtime)
  const project = join(cache, example.runtime)
  const folder = join(project, 'readme')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const code = blocks.find((block) => block.includes(example.holds))
  writeFileSync(join(folder, example.file), code.replace(/port: \d+/, 'port: 0'))
  const server = spawn(join(project, binary), [...example.args, example.file], {
    cwd: folder,
    env: { ...process.env, PORT: '0', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const { url, id, key } = await announced(server)
    const authorization = sign(url, id, key)
    assert.equal((await fetch(url)).status, 401)
    const answer = await fetch(url, { headers: { authorization } })
    assert.equal(await answer.text(), 'hello ada')
    assert.equal((await fetch(url, { headers: { authorization } })).status, 401)
    console.log(`${title}: the README's server answers 401, 200 and 401`)
    passed += 3
  } finally {
    server.kill()
  }
}
console.log(`${passed} passed, 0 failed`)

async function announced(server) {
  let text = ''
  for await (const chunk of server.stdout) {
    text += chunk
    const [, url, id, key] = /(http\S+).*id: ["'](.*?)["'].*key: ["'](.*?)["']/s.exec(text) ?? []
    if (key !== undefined) return { url, id, key }
  }
  throw new Error(`the server ended: ${text}`)
}

function sign(address, id, key) {
  const { hostname, port, pathname } = new URL(address)
  const ts = Math.floor(Date.now() / 1000)
  const nonce = randomUUID()
  const text = `${ts}\n${nonce}\nGET\n${pathname}\n${hostname}\n${port}\n\n`
  const mac = createHmac('sha256', key).update(text).digest('base64')
  return `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}
