import { createMac, MAC_CHANNELS } from '../../src/index.ts'
import { signed } from './sign.ts'

/* Prints the outcome of requests, and of other listeners, if one listener throws for each message. */

const URL = 'http://example.com/a'
const uncaught: string[] = []
process.on('uncaughtException', ({ message }) => uncaught.push(message))
let heard = 0
for (const channel of Object.values(MAC_CHANNELS)) {
  channel.subscribe(() => {
    throw new Error(String(channel.name))
  })
  channel.subscribe(() => heard++)
}
const mac = createMac({ database: 'sqlite::memory:' })
const ada = await mac.createCredential('ada')
const app = mac.withMac(() => new Response())
const good = await app(signed(ada, URL))
const bad = await app(new Request(URL))
const { keyNumber } = await mac.rotateCredential(ada.id)
await new Promise((resolve) => setTimeout(resolve, 10))
console.log(good.status, bad.status, keyNumber, heard, uncaught.sort().join(' '))
