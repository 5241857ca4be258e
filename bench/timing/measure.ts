import { createHmac, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { scratchFolder } from '../setup/folder.ts'
import { giveBack, given } from '../setup/run-on.ts'
import { createMac, createTokenEndpoint, type Mac, secretsAreEqual } from '../withmac.ts'

/** The settings of a measurement. */
export interface TimingSettings {
  /** How many pairs of probes are compared for each kind of credential. */
  readonly pairs: number
  /** How many credentials of each kind there are. Each is probed once before any is probed again. */
  readonly credentials: number
}

/** The result for one kind of credential. */
export interface TimingResult {
  readonly kind: string
  /** In how many pairs the probe of the existing identifier took longer. A tie counts half. */
  readonly longer: number
  readonly pairs: number
  /** The medians, in microseconds. */
  readonly existing: number
  readonly unknown: number
}

/** Prepares a request with this identifier. The returned function sends it and returns the status. */
type Probe = (id: string) => () => Promise<number>

/** Existing identifiers, and a function to probe any identifier. */
interface Subject {
  readonly ids: readonly string[]
  readonly probe: Probe
  close(): Promise<void>
}

const URL = 'http://example.com/orders/7'
const WARM_UP = 3000
const { pairs, credentials } = given<TimingSettings>()
const folder = scratchFolder()
const SEALING_KEY = randomBytes(32).toString('base64')
const LONG_SCOPES = Array.from({ length: 100 }, (_, at) => `scope:${at}:${'x'.repeat(200)}`)

const KINDS: Readonly<Record<string, () => Promise<Subject>>> = {
  'nobody (control)': () => subject(async () => randomId()),
  plain: () => subject((mac) => mac.createCredential('ada')),
  '100 long scopes': () => subject((mac) => mac.createCredential('ada', { scopes: LONG_SCOPES })),
  'long user and label': () =>
    subject((mac) => mac.createCredential('u'.repeat(1000), { label: 'l'.repeat(1000) })),
  'two keys': () => subject(rotated),
  'hmac-sha-1': () => subject((mac) => mac.createCredential('ada', { algorithm: 'hmac-sha-1' })),
  revoked: () =>
    subject(async (mac) => {
      const { id } = await mac.createCredential('ada')
      await mac.revokeCredential(id)
      return id
    }),
  disabled: () =>
    subject(async (mac) => mac.disableCredential((await mac.createCredential('ada')).id)),
  'at work (cached)': () => subject(used),
  sealed: () => subject((mac) => mac.createCredential('ada'), SEALING_KEY),
  'sealed, two keys': () => subject(rotated, SEALING_KEY),
  'client of the token endpoint': tokenClients,
}

const found: TimingResult[] = []
for (const [kind, make] of Object.entries(KINDS)) {
  const made = await make()
  found.push({ kind, ...(await compare(made)) })
  await made.close()
}
giveBack(found)

/** Probes pairs of an existing and an unknown identifier, in random order. */
async function compare({ ids, probe }: Subject): Promise<Omit<TimingResult, 'kind'>> {
  for (let at = 0; at < WARM_UP; at++) await timed(probe(randomId()))
  const times: { readonly existing: number[]; readonly unknown: number[] } = {
    existing: [],
    unknown: [],
  }
  let longer = 0
  for (let at = 0; at < pairs; at++) {
    const existing = probe(ids[at % ids.length] ?? '')
    const unknown = probe(randomId())
    const first = randomInt(2) === 0
    const one = await timed(first ? existing : unknown)
    const other = await timed(first ? unknown : existing)
    const [took, tookUnknown] = first ? [one, other] : [other, one]
    longer += took > tookUnknown ? 1 : took === tookUnknown ? 0.5 : 0
    times.existing.push(took)
    times.unknown.push(tookUnknown)
  }
  const { existing, unknown } = times
  return { longer, pairs, existing: median(existing), unknown: median(unknown) }
}

/** @returns How many microseconds a probe takes. Pending work is done before. */
async function timed(probe: () => Promise<number>): Promise<number> {
  await setImmediate()
  const start = process.hrtime.bigint()
  const status = await probe()
  const took = Number(process.hrtime.bigint() - start) / 1000
  if (status !== 401) throw new Error(`A probe was answered ${status}.`)
  return took
}

async function subject(
  make: (mac: Mac) => Promise<{ readonly id: string } | string>,
  sealingKey: string | null = null,
): Promise<Subject> {
  const path = join(folder, `${randomUUID()}.db`)
  const options = { sealingKey, onReject: () => {} } as const
  const mac = createMac({ database: `sqlite:${path}`, ...options })
  const ids: string[] = []
  while (ids.length < credentials) {
    const made = await make(mac)
    ids.push(typeof made === 'string' ? made : made.id)
  }
  ids.sort()
  const app = mac.withMac(() => new Response())
  const probe: Probe = (id) => {
    const request = new Request(URL, { headers: { authorization: signed(id, randomKey()) } })
    return async () => (await app(request)).status
  }
  return { ids: shuffled(ids), probe, close: () => mac.close() }
}

async function rotated(mac: Mac): Promise<{ readonly id: string }> {
  return mac.rotateCredential((await mac.createCredential('ada')).id)
}

async function used(mac: Mac): Promise<string> {
  const { id, key } = await mac.createCredential('ada')
  const app = mac.withMac(() => new Response())
  const { status } = await app(new Request(URL, { headers: { authorization: signed(id, key) } }))
  if (status !== 200) throw new Error(`A valid request was answered ${status}.`)
  return id
}

/** Clients of a token endpoint, stored and compared as docs/token-endpoint.md shows. */
async function tokenClients(): Promise<Subject> {
  const mac = createMac({ database: 'sqlite::memory:' })
  const known = new Map<string, string>()
  while (known.size < credentials) known.set(randomId(), randomKey())
  const endpoint = createTokenEndpoint(mac, {
    authenticateClient: ({ clientId, clientSecret }) => {
      const secret = known.get(clientId)
      return secretsAreEqual(clientSecret, secret) && secret ? { user: 'ada' } : null
    },
    origin: 'https://example.com',
  })
  const probe: Probe = (id) => {
    const authorization = `Basic ${btoa(`${id}:${randomKey()}`)}`
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const request = new Request('https://example.com/token', {
      ...{ method: 'POST', body, headers: { authorization } },
    })
    return async () => (await endpoint(request)).status
  }
  return { ids: [...known.keys()], probe, close: () => mac.close() }
}

function signed(id: string, key: string): string {
  const [ts, nonce] = [Math.floor(Date.now() / 1000), randomUUID()]
  const text = `${ts}\n${nonce}\nGET\n/orders/7\nexample.com\n80\n\n`
  const mac = createHmac('sha256', key).update(text).digest('base64')
  return `MAC id="${id}", ts="${ts}", nonce="${nonce}", mac="${mac}"`
}

/** @returns An identifier as long as those of withmac. */
function randomId(): string {
  return randomBytes(12).toString('hex')
}

function randomKey(): string {
  return randomBytes(32).toString('base64url')
}

function shuffled(ids: readonly string[]): string[] {
  return ids
    .map((id) => ({ id, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ id }) => id)
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN
}
