import { Context, type MiddlewareHandler } from 'hono'
import { bearerAuth } from 'hono/bearer-auth'
import { jwt, sign } from 'hono/jwt'
import { changed, fetchRequest, freshNonce, KEY, seconds } from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

/** Hono's middleware for JSON Web Tokens. */
export function honoJwt(): Contender<Request> {
  const token = () => sign({ sub: 'ada', jti: freshNonce(), exp: seconds() + 300 }, KEY, 'HS256')
  return described('hono, jwt of HS256', 'hono-jwt', jwt({ secret: KEY, alg: 'HS256' }), token)
}

/** Hono's middleware for one fixed token: what a check costs that is hardly one. */
export function honoBearer(): Contender<Request> {
  return described('hono, bearerAuth', 'hono-bearer', bearerAuth({ token: KEY }), async () => KEY)
}

/** The middleware alone, with the context that Hono gives it: no routing, no answer. */
function described(
  name: string,
  key: string,
  middleware: MiddlewareHandler,
  token: () => Promise<string>,
): Contender<Request> {
  const verify = async (request: Request) => {
    let good = false
    try {
      await middleware(new Context(request), async () => {
        good = true
      })
    } catch {
      return false
    }
    return good
  }
  return {
    name,
    key,
    inFlight: 1,
    refusesReplay: false,
    prepare: async () => fetchRequest(`Bearer ${await token()}`),
    spoil: async () => fetchRequest(`Bearer ${changed(await token())}`),
    run: inWaves(1, verify),
  }
}
