import hawk from 'hawk'
import { openRaw } from '../../setup/raw-database.ts'
import {
  freshNonce,
  HOST,
  ID,
  KEY,
  OTHER_TARGET,
  TARGET,
  URL_SIGNED,
} from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

/** The part of a request of node:http that Hawk reads. */
interface NodeRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly connection: object
}

/** Throws if the nonce was seen before. */
type NonceFunction = (key: string, nonce: string, ts: string) => Promise<void>

const CREDENTIALS = { id: ID, key: KEY, algorithm: 'sha256' } as const
const WINDOW_SECONDS = 300

/** Hawk without a nonce function, which is its default. */
export function hawkWithoutNonces(): Contender<NodeRequest> {
  return { ...described('hawk, no nonces', 'hawk', 1, null), rejectsReplay: false }
}

/** Hawk with its nonces in a Set. It is emptied between runs, because a growing Set would slow it down. */
export function hawkInMemory(inFlight: number): Contender<NodeRequest> {
  const seen = new Set<string>()
  const record = async (_key: string, nonce: string, ts: string) => {
    const name = `${ts} ${ID} ${nonce}`
    if (seen.has(name)) throw new Error('seen before')
    seen.add(name)
  }
  const own = described('hawk, nonces in a Set', 'hawk-set', inFlight, record)
  return { ...own, reset: () => seen.clear() }
}

/** Hawk with a prepared insert for each nonce. Each commit syncs, so that nonces are on disk as with withmac. */
export function hawkOnSqlite(path: string, inFlight: number): Contender<NodeRequest> {
  const database = openRaw(path, 'full')
  database.exec(`create table nonces (ts integer not null, credential text not null,
    nonce text not null, primary key (ts, credential, nonce)) strict, without rowid`)
  const insert = database.prepare('insert into nonces values (?, ?, ?) on conflict do nothing')
  const record = async (_key: string, nonce: string, ts: string) => {
    if (insert(Number(ts), ID, nonce) !== 1) throw new Error('seen before')
  }
  return {
    ...described('hawk, nonces in a SQLite file', 'hawk-sqlite', inFlight, record),
    close: () => database.close(),
  }
}

function described(
  name: string,
  key: string,
  inFlight: number,
  nonceFunc: NonceFunction | null,
): Contender<NodeRequest> {
  const known = new Map([[ID, CREDENTIALS]])
  const find = async (id: string) => known.get(id) ?? null
  const options = { timestampSkewSec: WINDOW_SECONDS, ...(nonceFunc && { nonceFunc }) }
  const verify = (request: NodeRequest) =>
    hawk.server.authenticate(request, find, options).then(
      () => true,
      () => false,
    )
  return {
    name,
    key,
    inFlight,
    rejectsReplay: true,
    prepare: () => request(TARGET),
    spoil: () => request(OTHER_TARGET),
    run: inWaves(inFlight, verify),
  }
}

function request(url: string): NodeRequest {
  const { header } = hawk.client.header(URL_SIGNED, 'GET', {
    credentials: CREDENTIALS,
    nonce: freshNonce(),
  })
  return { method: 'GET', url, headers: { host: HOST, authorization: header }, connection: {} }
}
