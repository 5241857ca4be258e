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

/** Hono's middleware for one fixed token: the cost of the simplest check. */
export function honoBearer(): Contender<Request> {
  return described('hono, bearerAuth', 'hono-bearer', bearerAuth({ token: KEY }), async () => KEY)
}

/** Only the middleware, with a context of Hono: no routing and no answer. */
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
    rejectsReplay: false,
    prepare: async () => fetchRequest(`Bearer ${await token()}`),
    spoil: async () => fetchRequest(`Bearer ${changed(await token())}`),
    run: inWaves(1, verify),
  }
}
