import { type BareLog, openBareLog } from '../../recording/bare-log.ts'
import {
  freshNonce,
  HOST,
  hmac,
  ID,
  KEY,
  OTHER_TARGET,
  seconds,
  TARGET,
} from '../../signing/request.ts'
import type { Nonce } from '../../withmac.ts'
import type { Contender } from '../contender.ts'
import type { NamedHmac } from '../fastest-hmac.ts'

/** The minimum of a request: a text, its MAC, and its nonce. */
interface Bare extends Nonce {
  readonly text: string
  readonly mac: string
}

/**
 * The limit: HMACs over finished strings, and one bare insert of all nonces, synced by its commit. It reads no
 * request and no credential, and checks neither timestamps nor nonces.
 */
export function limit({ name, mac }: NamedHmac, path: string, inFlight: number): Contender<Bare> {
  const log: BareLog = openBareLog(path, 'full')
  return {
    name: 'the limit: HMAC and insert',
    made: name,
    key: 'limit',
    inFlight,
    rejectsReplay: false,
    prepare: () => bare(TARGET),
    spoil: () => bare(OTHER_TARGET),
    async run(requests) {
      let accepted = 0
      for (let from = 0; from < requests.length; from += inFlight) {
        const wave = requests.slice(from, from + inFlight)
        const right = wave.filter((request) => mac(request.text) === request.mac)
        if (right.length > 0) log.append(right)
        accepted += right.length
      }
      return accepted
    },
    close: () => log.close(),
  }
}

function bare(target: string): Bare {
  const now = seconds()
  const nonce = freshNonce()
  const text = (asked: string) => `${now}\n${nonce}\nGET\n${asked}\n${HOST}\n80\n\n`
  const recorded = { timestamp: now, credential: ID, keyNumber: 1, nonce, now }
  return { text: text(target), mac: hmac(KEY, text(TARGET)), ...recorded }
}
