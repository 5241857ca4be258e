import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createMac } from 'withmac'
import { check } from './checks.mjs'
import { ADA, sign } from './sign.mjs'

const NAMES = ['accepted', 'rejected', 'rotated', 'pruned', 'batch'].map(
  (name) => `withmac:${name}`,
)
const FORM = { method: 'GET', target: '/', host: 'example.com', port: '80' }

/** Checks that each event is published once, and that a listener that throws changes nothing. */
export async function channels() {
  const heard = []
  const uncaught = []
  const hear = (_message, name) => heard.push(name)
  const fail = (_message, name) => {
    throw new Error(name)
  }
  const note = ({ message }) => uncaught.push(message)
  process.on('uncaughtException', note)
  for (const name of NAMES) for (const listener of [fail, hear]) subscribe(name, listener)
  const statuses = await useMac()
  // The error of a listener is thrown later, outside the call.
  await new Promise((resolve) => setTimeout(resolve, 20))
  for (const name of NAMES) for (const listener of [fail, hear]) unsubscribe(name, listener)
  process.off('uncaughtException', note)
  check('statuses', statuses, [200, 401])
  check('what is published', heard.sort(), [...NAMES].sort())
  check('what was thrown is uncaught', uncaught.sort(), [...NAMES].sort())
}

/** Sends a signed and an unsigned request, rotates the credential, and removes the nonce. */
async function useMac() {
  let seconds = Math.floor(Date.now() / 1000)
  const mac = createMac({ database: 'sqlite::memory:', now: () => seconds })
  const { user, id, key } = ADA
  await mac.createCredential(user, { id, key, expires: null })
  const app = mac.withMac(() => new Response())
  const headers = { authorization: sign(FORM) }
  const good = await app(new Request('http://example.com/', { headers }))
  const bad = await app(new Request('http://example.com/'))
  await mac.rotateCredential(id, { graceSeconds: 0 })
  seconds += 3600
  await mac.prune()
  await mac.close()
  return [good.status, bad.status]
}
