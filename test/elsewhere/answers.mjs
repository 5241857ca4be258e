import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { cleanEnvironment } from '../runtimes/setup/command.mjs'

/** Starts a server of the documentation. Checks that it answers an unsigned request and a replay with 401. */
export async function answers(binary, args, { cwd, variables = {} }) {
  const { MAC_DATABASE_URL: _, ...env } = cleanEnvironment()
  const server = spawn(binary, args, {
    cwd,
    env: { ...env, PORT: '0', NO_COLOR: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    const { url, id, key } = await announced(server)
    const authorization = sign(url, id, key)
    assert.equal((await fetch(url)).status, 401)
    const answer = await fetch(url, { headers: { authorization } })
    assert.equal(await answer.text(), 'hello ada')
    assert.equal(answer.status, 200)
    assert.equal((await fetch(url, { headers: { authorization } })).status, 401)
  } finally {
    server.kill()
  }
}

async function announced(server) {
  let text = ''
  let errors = ''
  server.stderr.on('data', (chunk) => {
    errors += chunk
  })
  for await (const chunk of server.stdout) {
    text += chunk
    const [, url, id, key] = /(http\S+).*id: ["'](.*?)["'].*key: ["'](.*?)["']/s.exec(text) ?? []
    if (key !== undefined) return { url, id, key }
    // The first server of the README prints the command that calls its client.
    const line = /MAC_ID=(\S+) MAC_KEY=(\S+) .* (http\S+)\n/.exec(text)
    if (line !== null) return { url: line[3], id: line[1], key: line[2] }
  }
  throw new Error(`the server ended: ${text}${errors}`)
}

function sign(address, id, key) {
  const { hostname, port, pathname } = new URL(address)
  const ts = Math.floor(Date.now() / 1000)
  const nonce = randomUUID()
  const text = `${ts}\n${nonce}\nGET\n${pathname}\n${hostname}\n${port}\n\n`
  const mac = createHmac('sha256', key).update(text).digest('base64')
  return `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}
