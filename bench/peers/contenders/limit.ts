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
import type { Durability } from '../../withmac.ts'
import type { Contender } from '../contender.ts'
import type { NamedHmac } from '../limit/fastest-hmac.ts'
import { openNonceTable } from '../limit/nonce-table.ts'

/** What is left of a request when all that a library does with it is taken away. */
interface Bare {
  readonly text: string
  readonly mac: string
  readonly ts: number
  readonly nonce: string
}

/**
 * The limit: HMACs over finished strings, and one insert of all the nonces. No request is read, no
 * credential is looked up, no timestamp judged.
 */
export function limit(
  { name, mac }: NamedHmac,
  path: string,
  durability: Durability,
  inFlight: number,
): Contender<Bare> {
  const table = openNonceTable(path, durability)
  const whole = table.insert(inFlight)
  const single = table.insert(1)
  const parameters: (string | number)[] = []
  return {
    name: `the limit: HMAC and insert, ${durability}`,
    made: name,
    key: `limit-${durability}`,
    inFlight,
    refusesReplay: true,
    prepare: () => bare(TARGET),
    spoil: () => bare(OTHER_TARGET),
    async run(requests) {
      let accepted = 0
      for (let from = 0; from < requests.length; from += inFlight) {
        const until = Math.min(from + inFlight, requests.length)
        parameters.length = 0
        for (let at = from; at < until; at++) {
          const request = requests[at] as Bare
          if (mac(request.text) !== request.mac) continue
          parameters.push(request.ts, ID, request.nonce)
        }
        if (parameters.length === 3 * inFlight) accepted += whole(parameters)
        else for (const row of rows(parameters)) accepted += single(row)
      }
      return accepted
    },
    close: () => table.close(),
  }
}

/** For what does not fill a batch: before anything is timed. */
function rows(parameters: readonly (string | number)[]): (string | number)[][] {
  return Array.from({ length: parameters.length / 3 }, (_, row) =>
    parameters.slice(3 * row, 3 * row + 3),
  )
}

function bare(target: string): Bare {
  const ts = seconds()
  const nonce = freshNonce()
  const text = (asked: string) => `${ts}\n${nonce}\nGET\n${asked}\n${HOST}\n80\n\n`
  return { text: text(target), mac: hmac(KEY, text(TARGET)), ts, nonce }
}
