import { seenOf } from './bare.mjs'
import { check, note } from './checks.mjs'
import { EXPECTED } from './expected-counts.mjs'
import { measured } from './measured.mjs'
import { exchange } from './raw.mjs'
import { startServer } from './server-process.mjs'
import { ADA, sign } from './sign.mjs'
import { config } from './this-runtime.mjs'
import { readVectors } from './vectors.mjs'
import { shownForm, visible, wanted } from './visible.mjs'
import { parseSent } from './wire-request.mjs'

/**
 * Sends each raw request with a signature over what is on the wire, over what the runtime shows of it, and
 * over something else. Does so without and, if the adapter has it, with `requestTarget`.
 */
export async function wire(adapter) {
  const rounds = ['bun', 'deno'].includes(adapter) ? ['required'] : ['required', 'raw']
  const handlers = ['bare', ...rounds]
  const database = 'sqlite::memory:'
  const server = await startServer({ adapter, database, handlers, credentials: [ADA] })
  const { cases } = readVectors('wire-requests')
  check('the number of raw requests', cases.length, 174)
  const counts = {}
  for (const round of rounds) counts[round] = { wire: 0, shown: 0, rejected: 0 }
  for (const each of cases) {
    const sent = parseSent(each)
    const seen = await seenOf(server.ports.bare, sent.with(''))
    await checkMeasured(adapter, each, sent, seen)
    for (const round of rounds) {
      const port = server.ports[round]
      if (sent.signed) await sendAsIs(port, sent, seen, counts[round])
      else {
        const here = { ...seen, url: seen.url?.replace(`:${server.ports.bare}/`, `:${port}/`) }
        await sendSigned(port, sent, { sent, seen: here, useRaw: round === 'raw' }, counts[round])
      }
    }
  }
  await server.kill()
  for (const round of rounds) {
    const key = `${config.name} ${adapter} ${round}`
    check(`the counts of ${key}`, counts[round], EXPECTED[key])
    const { wire, shown, rejected } = counts[round]
    note(`${adapter}, ${round}: 200 as sent ${wire}, as shown ${shown}; rejected ${rejected}`)
  }
}

/** Checks that requests with their own credentials are never accepted, and cause no failure. */
async function sendAsIs(port, sent, seen, counts) {
  const { status } = await exchange(port, sent.with(''))
  const reached = seen.status === undefined || isFault(seen.status)
  const allowed = reached ? [401] : [seen.status, 'closed']
  check(`${sent.name} as it is`, allowed.includes(status) ? 'rejected' : status, 'rejected')
  if (status !== 200) counts.rejected++
}

/** @returns Whether a status is a failure of the server: 5xx, except "HTTP version not supported". */
function isFault(status) {
  return status >= 500 && status !== 505
}

async function sendSigned(port, sent, rule, counts) {
  const right = visible(sent, rule.seen, rule.useRaw)
  const shown = shownForm(rule.seen, false)
  const accepted = { wire: await send('as sent', sent.form), shown: await send('as shown', shown) }
  for (const [what, form] of Object.entries(others(right ?? shown ?? sent.form))) {
    await send(`for another ${what}`, form)
  }
  counts[accepted.wire ? 'wire' : accepted.shown ? 'shown' : 'rejected']++

  async function send(how, form) {
    if (form === null) return false
    const { status } = await exchange(port, sent.with(`Authorization: ${sign(form)}\r\n`))
    const expected = wanted(form, rule)
    const got = expected.includes(status) && !isFault(status) ? expected[0] : status
    check(`${sent.name}, signed ${how}${rule.useRaw ? ', raw' : ''}`, got, expected[0])
    return status === 200
  }
}

function others(form) {
  return {
    method: { ...form, method: form.method === 'GET' ? 'POST' : 'GET' },
    target: { ...form, target: `${form.target}x` },
    host: { ...form, host: `x${form.host}` },
    port: { ...form, port: form.port === '81' ? '82' : '81' },
  }
}

/** Checks that the runtime shows the same as in an earlier measurement, if there is one. */
async function checkMeasured(adapter, each, sent, seen) {
  const before = measured(adapter, each)
  if (before === null) return
  const now = { ...seen }
  // Without a host on the wire, the runtime invents one, with the current port.
  if (sent.hosts.every((host) => host === '')) {
    before.url = undefined
    now.url = undefined
  }
  check(`${sent.name}, as the runtime shows it`, now, { ...now, ...before })
}
