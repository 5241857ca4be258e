import { ENTRIES, type Entry, HTTP, HTTPS } from '../client.ts'
import type { Lab } from '../lab.ts'
import { fieldOf } from '../recorder.ts'

/**
 * Forged fields, each with the origin that an attacker wants the server to believe in. The attacker has a request
 * that a client signed for another server.
 */
const FORGERIES: readonly {
  readonly field: string
  readonly entry: Entry
  readonly origin: string
  readonly headers: Readonly<Record<string, string>>
}[] = [
  {
    field: 'X-Forwarded-Host',
    entry: HTTP,
    origin: 'http://other.example.net',
    headers: { 'x-forwarded-host': 'other.example.net' },
  },
  {
    field: 'X-Forwarded-Host',
    entry: HTTPS,
    origin: 'https://other.example.net',
    headers: { 'x-forwarded-host': 'other.example.net', 'x-forwarded-proto': 'https' },
  },
  {
    field: 'X-Forwarded-Port',
    entry: HTTP,
    origin: 'http://api.example.com:9000',
    headers: { 'x-forwarded-port': '9000' },
  },
  {
    field: 'X-Forwarded-Proto',
    entry: HTTP,
    origin: 'https://api.example.com',
    headers: { 'x-forwarded-proto': 'https' },
  },
  {
    field: 'Forwarded',
    entry: HTTP,
    origin: 'http://other.example.net',
    headers: { forwarded: 'host=other.example.net;proto=http' },
  },
]

/** Fields with which a stranger tries to stop the requests of others, or to hide. */
const ALL_FIELDS = {
  forwarded: 'for=198.51.100.7;host=other.example.net;proto=http',
  'x-forwarded-for': '198.51.100.7',
  'x-forwarded-host': 'other.example.net',
  'x-forwarded-port': '9000',
  'x-forwarded-proto': 'ftp',
}

export interface ForgedResults {
  /** The fields by which a request for another origin was accepted with `trustProxy`. */
  readonly effective: readonly string[]
  /** The entries at which a right request is accepted in spite of forged fields. */
  readonly unharmed: readonly string[]
  /** The fields that still have a forged value when they arrive. */
  readonly passedOn: readonly string[]
}

/** Sends requests that were signed for another origin, with fields that name it. */
export async function checkForged(lab: Lab): Promise<ForgedResults> {
  const effective = new Set<string>()
  const target = lab.outside('/forged')
  for (const trust of ['trustProxy', 'trustProxy: true'].map((name) => lab.options(name))) {
    for (const { field, entry, origin, headers } of FORGERIES) {
      const sent = { entry, target }
      const authorization = lab.client.sign(sent, origin)
      const { answer } = await lab.send(trust, { ...sent, headers: { authorization, ...headers } })
      if (answer.status === 200) effective.add(field)
    }
  }
  const unharmed: string[] = []
  const passedOn = new Set<string>()
  for (const entry of ENTRIES) {
    const { answer, arrived } = await lab.send(lab.options('trustProxy: true'), {
      entry,
      target,
      headers: ALL_FIELDS,
    })
    if (answer.status === 200) unharmed.push(entry.name)
    for (const [field, forged] of Object.entries(ALL_FIELDS)) {
      if (arrived.some((head) => fieldOf(head, field)?.includes(forged))) passedOn.add(field)
    }
  }
  return { effective: [...effective], unharmed, passedOn: [...passedOn] }
}
