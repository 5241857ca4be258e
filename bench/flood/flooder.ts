import { setTimeout } from 'node:timers/promises'
import { giveBack, given } from '../setup/run-on.ts'
import { freshNonce } from '../signing/request.ts'
import {
  FLOOD_RATE,
  FLOODER_ADDRESS,
  type FloodResult,
  NEIGHBOUR,
  type Sending,
  type Statuses,
  VICTIMS,
} from './scene.ts'
import { Sender, tally } from './sender.ts'

/** How often requests are sent, in milliseconds. */
const TICK = 10
/** How many may be in flight. If the server falls behind, no more are sent. */
const MOST_IN_FLIGHT = 500

// Sends wrong requests, half of them with the identifiers of others. Also sends the valid requests of a
// neighbour, who shares the address and whose credential is cached.

const { port, milliseconds } = given<Sending>()
const sender = new Sender(port, FLOODER_ADDRESS)
const wrong: Statuses = {}
const neighbour: Statuses = {}
tally(neighbour, (await sender.send(NEIGHBOUR)).status)
let sent = 0
let inFlight = 0
const begin = performance.now()
for (let now = begin; now < begin + milliseconds; now = performance.now()) {
  const due = Math.floor(((now - begin) * FLOOD_RATE) / 1000)
  while (sent < due && inFlight < MOST_IN_FLIGHT) void sendWrong(sent++)
  tally(neighbour, (await sender.send(NEIGHBOUR)).status)
  await setTimeout(TICK)
}
const rate = (sent * 1000) / (performance.now() - begin)
while (inFlight > 0) await setTimeout(TICK)
sender.close()
const took = performance.now() - begin
giveBack({ wrong, neighbour, rate, milliseconds: took } satisfies FloodResult)

async function sendWrong(number: number): Promise<void> {
  inFlight++
  const victim = VICTIMS[Math.floor(number / 2) % VICTIMS.length] ?? ''
  const id = number % 2 === 0 ? freshNonce() : victim
  tally(wrong, (await sender.send(id, 'a key that was guessed')).status)
  inFlight--
}
