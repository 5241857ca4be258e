import type { Key } from '../../support/sign.ts'

/** When the files were created, in seconds since 1970. */
export const MADE = 1_700_000_000

/** The URL of all signed requests. */
export const URL_SIGNED = 'http://example.com/a?b=c'

/** By how many seconds the clock of one client was behind. The server learned it from the first request. */
export const BEHIND = 90

/** A credential, and the nonces of its requests. */
export interface Made {
  readonly key: Required<Key>
  readonly user: string
  readonly label: string | null
  /** In seconds since 1970; `null` for never. */
  readonly expires: number | null
  /** How far the client's clock is behind. */
  readonly behind: number
  readonly nonces: readonly string[]
}

const plain: Omit<Made, 'key'> = {
  ...{ user: 'ada', label: null, expires: null, behind: 0, nonces: ['first', 'second'] },
}

function key(id: string, algorithm: Required<Key>['algorithm'] = 'hmac-sha-256'): Made['key'] {
  return { id, key: `key of ${id}, forty-three characters and more`, algorithm }
}

type Content = 'valid' | 'endless' | 'sha1' | 'odd' | 'behind' | 'expired' | 'revoked'

/** The credentials in the files, named after their special property. */
export const CONTENT: Readonly<Record<Content, Made>> = {
  valid: { ...plain, key: key('valid'), label: 'laptop', expires: MADE + 86_400 },
  endless: { ...plain, key: key('endless') },
  sha1: { ...plain, key: key('sha-1', 'hmac-sha-1') },
  odd: {
    ...{ ...plain, key: key("'; drop table mac_nonces; -- %_?$1 [id]") },
    ...{ user: 'Zoë 🙂', label: 'Ω\n"quoted"', nonces: ["'n'", ' ', '0', 'N', 'n'] },
  },
  behind: { ...plain, key: key('behind'), behind: BEHIND },
  expired: { ...plain, key: key('expired'), expires: MADE + 10 },
  revoked: { ...plain, key: key('revoked'), nonces: ['before'] },
}

/** A credential that was deleted. Its nonces are still there. */
export const DELETED: Made = { ...plain, key: key('deleted') }

/** The options of the server. */
export const OPTIONS: { readonly clockOffset: { readonly maxSeconds: number } } = {
  clockOffset: { maxSeconds: 100 },
}
