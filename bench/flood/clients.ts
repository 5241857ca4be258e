import { setTimeout } from 'node:timers/promises'
import { giveBack, given } from '../setup/run-on.ts'
import { CLIENT, CLIENT_ADDRESS, type ClientResult, type Sending, type Statuses } from './scene.ts'
import { Sender, tally } from './sender.ts'

/** How many requests are in flight at most, and the longest pause after each, in milliseconds. */
const LINES = 4
const PAUSE = 8

// Sends valid requests at a moderate pace, and measures how long each takes.

const { port, milliseconds, warm } = given<Sending>()
const sender = new Sender(port, CLIENT_ADDRESS)
const statuses: Statuses = {}
const took: number[] = []
for (let sent = 0; sent < warm; sent++) tally(statuses, (await sender.send(CLIENT)).status)
const end = performance.now() + milliseconds
await Promise.all(Array.from({ length: LINES }, line))
sender.close()
giveBack({ statuses, took } satisfies ClientResult)

async function line(): Promise<void> {
  while (performance.now() < end) {
    const answer = await sender.send(CLIENT)
    tally(statuses, answer.status)
    took.push(answer.took)
    await setTimeout(Math.random() * PAUSE)
  }
}
