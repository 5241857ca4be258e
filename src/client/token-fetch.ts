import { systemClock } from './clock.ts'
import type { MacFetch } from './options.ts'
import { secretForms } from './secret-forms.ts'
import { signingFetch } from './signing-fetch.ts'
import { readToken } from './token-answer.ts'
import { startStopwatch } from './token-clock.ts'
import { TokenKeeper } from './token-keeper.ts'
import { type TokenFetchOptions, tokenSettings } from './token-options.ts'
import { TokenPause } from './token-pause.ts'
import { requestToken } from './token-request.ts'

/**
 * Makes a `fetch` that signs each request, as `createMacFetch` does, with a credential that it gets
 * from a token endpoint (RFC 6749 §4.4, draft §5) when it is first needed, keeps in memory and renews:
 *
 * - Before it expires, while requests go on with it; shortly before its end they wait. However many
 *   need a new one, it is asked for once. Where that fails, the old one is used to its end, and renewal
 *   is tried again after a while; without one, all who wait are told.
 * - After such a failure it is not asked again for as long as the endpoint says by `Retry-After`, five
 *   minutes at the most, or else for a second, then two, four and up to 30; meanwhile requests reject at
 *   once, with that error.
 * - When a server that took it before answers 401 and no longer knows it, as after a revocation. That
 *   request is then sent once more, where its body can be, and unless anybody could have written the
 *   401: over plain `http:` from another machine, see `trustPlainHttp`.
 * - A `signal` ends the wait of its own request alone.
 *
 * The secret goes to the token endpoint, by TLS or within this machine, and nowhere else: redirects of
 * that endpoint are *not* followed. The key comes from there and never travels again. The lifetime is
 * counted from when the credential was asked for, whatever the clocks of servers say.
 *
 * @throws TypeError where an option is wrong: now. The function that it gives rejects with
 *   {@link MacError} `ERR_MAC_CLIENT_TOKEN` where there is no credential to be had, with the error that
 *   the endpoint gave, and as that of `createMacFetch`.
 *
 * @example
 * const tokenFetch = createTokenFetch({
 *   tokenEndpoint: 'https://api.example.com/token',
 *   clientId: 'shop',
 *   clientSecret: process.env.SHOP_SECRET ?? '',
 * })
 * const answer = await tokenFetch('https://api.example.com/orders')
 */
export function createTokenFetch(options: TokenFetchOptions): MacFetch {
  const settings = tokenSettings(options)
  const { now, renewBeforeSeconds } = options
  const hidden = secretForms(settings)
  const send: MacFetch = options.fetch ?? ((input, init) => fetch(input, init))
  const keeper = new TokenKeeper(
    async () => {
      const age = startStopwatch(now)
      const reply = await requestToken(settings, send, now ?? systemClock)
      return { ...readToken(reply, hidden), age }
    },
    new TokenPause(now),
    renewBeforeSeconds,
  )
  return signingFetch(keeper, options)
}
