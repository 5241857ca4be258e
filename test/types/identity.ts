import {
  createMac,
  getMac,
  getMacError,
  type MacAlgorithm,
  MacError,
  type MacErrorCode,
  type MacIdentity,
  type MacVerdict,
  type ToldError,
} from 'withmac'
import { type Equal, holds } from './exact.ts'

const request = new Request('http://localhost/')

const identity = getMac(request)
holds<Equal<typeof identity, MacIdentity | null>>()
const user = identity?.user
holds<Equal<typeof user, string | undefined>>()
// @ts-expect-error: an anonymous caller has no identity
identity.user
if (identity !== null) {
  holds<Equal<typeof identity, MacIdentity>>()
  // @ts-expect-error: the identity is read-only
  identity.user = 'eve'
}
holds<
  Equal<
    MacIdentity,
    {
      readonly user: string
      readonly id: string
      readonly algorithm: MacAlgorithm
      readonly label: string | null
      readonly expires: Date | null
      readonly scopes: readonly string[]
      readonly keyNumber: number
      readonly graceEnds: Date | null
      readonly ext: string | null
      readonly bodyVerified: boolean
      readonly timestamp: number
      readonly nonce: string
    }
  >
>()
holds<Equal<MacAlgorithm, 'hmac-sha-1' | 'hmac-sha-256'>>()

const error = getMacError(request)
holds<Equal<typeof error, MacError | null>>()
// @ts-expect-error: it may be null
error.code
if (error !== null) {
  const { code, status, told } = error
  holds<Equal<typeof code, MacErrorCode>>()
  holds<Equal<typeof status, number>>()
  holds<Equal<typeof told, ToldError>>()
  holds<
    Equal<
      typeof told,
      { readonly code: MacErrorCode; readonly title: string; readonly text: string }
    >
  >()
  // @ts-expect-error: no such code
  code === 'ERR_MAC_NONE'
}
holds<MacError extends Error ? true : false>()
holds<string extends MacErrorCode ? false : true>()

const verdict = await createMac().verify(request)
holds<Equal<typeof verdict, MacVerdict>>()
// @ts-expect-error: only an accepted request has an identity
verdict.identity
if (verdict.ok) holds<Equal<typeof verdict.identity, MacIdentity>>()
else {
  holds<Equal<typeof verdict.error, MacError>>()
  holds<Equal<typeof verdict.challenge, string | null>>()
}

export function status(thrown: unknown): number {
  return thrown instanceof MacError ? thrown.status : 500
}

// What frameworks wrap around the request.
getMac({ request })
getMacError({ req: request })
getMac({ req: { raw: request } })
// @ts-expect-error: it takes the request
getMac(request.url)
// @ts-expect-error: not any object that contains it
getMac({ event: request })
// @ts-expect-error: it takes the request
getMacError()
