import { MacError } from '../../errors.ts'
import { type KeyPlace, type KeySealer, sealedByAnother, UNSEALED } from './key-sealer.ts'
import { openText, sealText } from './sealed-text.ts'
import type { SealingKey } from './sealing-key.ts'

/** What {@link KeySealer.openNone} opens: a key as long as those that withmac makes. */
const NOWHERE: KeyPlace = { id: '', number: 0, algorithm: 'hmac-sha-256' }
const NOTHING = 'x'.repeat(43)

/** Seals with the first of several keys, and opens with each. Without any, keys are written as they are. */
export function sealerOf(keys: readonly SealingKey[]): KeySealer {
  const [first] = keys
  if (first === undefined) return UNSEALED
  const byId = new Map(keys.map((key) => [key.id, key.secret]))
  const current = first.id
  const nothing = sealText(first.secret, NOTHING, NOWHERE)
  return Object.freeze<KeySealer>({
    current,
    ids: [...byId.keys()],
    openNone: () => void openText(first.secret, nothing, NOWHERE),
    seal: (key, place) => ({ text: sealText(first.secret, key, place), by: current }),
    open({ text, by }, place) {
      const secret = byId.get(by)
      if (secret === undefined) throw sealedByAnother(by, place)
      const key = openText(secret, text, place)
      if (key === null) throw changed(by, place)
      return key
    },
  })
}

function changed(by: string, { id, number }: KeyPlace): MacError {
  return new MacError(
    'ERR_MAC_SEALED',
    `Key ${number} of credential ${JSON.stringify(id)} cannot be opened: what is written in its place is ` +
      `not what the sealing key ${by} sealed there. It was changed, or moved there from elsewhere. ` +
      'rotateCredential with graceSeconds: 0 gives the credential a new key; a backup has the row as it was.',
  )
}
