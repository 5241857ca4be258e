import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { plainEnvironment } from './command.mjs'
import { demand } from './report.mjs'
import { authorization } from './sign.mjs'

/**
 * Starts a server and demands that a signed request gets a 200 with its rate limit, that its copy and an
 * unsigned request get a 401, and that the server prints no error.
 *
 * @param alone Whether the server must work without any node_modules.
 */
export async function demandThatItServes({ command }, bundle, { alone = true } = {}) {
  demand(!alone || !hasModules(dirname(bundle)), `there is a node_modules at or above ${bundle}`)
  const cwd = await mkdtemp(join(dirname(bundle), 'started-'))
  const [program, ...args] = command()
  const child = spawn(program, [...args, bundle, join(cwd, 'mac.db')], {
    cwd,
    // In development, a server prints what it rejects.
    env: { ...plainEnvironment(), NODE_ENV: 'production' },
    timeout: 30_000,
  })
  const ended = new Promise((resolve) => child.on('close', resolve).on('error', resolve))
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  try {
    const lines = createInterface({ input: child.stdout })
    const line = await Promise.race([new Promise((resolve) => lines.once('line', resolve)), ended])
    demand(typeof line === 'string', `it did not start\n${complaints}`)
    await demandAnswers(JSON.parse(line))
  } finally {
    child.kill('SIGKILL')
    await ended
  }
  demand(complaints === '', `it complained:\n${complaints}`)
  demand(existsSync(join(cwd, 'mac.db')), 'it made no database')
}

async function demandAnswers({ port, id, key }) {
  const url = `http://127.0.0.1:${port}/a?b=1`
  const headers = { authorization: authorization({ id, key }, url) }
  const wanted = [
    ['a signed request', headers, 200, /^hello ada$/, '"requests";q=2;w=60'],
    ['its copy', headers, 401, /ERR_MAC_REPLAY/, null],
    ['an unsigned request', {}, 401, /ERR_MAC_MISSING/, null],
  ]
  for (const [name, fields, status, text, policy] of wanted) {
    const answer = await fetch(url, { headers: fields, signal: AbortSignal.timeout(20_000) })
    const body = await answer.text()
    demand(answer.status === status && text.test(body), `${name} got ${answer.status} ${body}`)
    const told = answer.headers.get('ratelimit-policy')
    demand(told === policy, `${name} got the rate limit ${told}`)
  }
}

function hasModules(folder) {
  if (existsSync(join(folder, 'node_modules'))) return true
  const above = dirname(folder)
  return above !== folder && hasModules(above)
}
