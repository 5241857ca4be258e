import { generate, HMAC } from 'hmac-auth-express'
import { KEY, OTHER_TARGET, TARGET } from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

/** The part of a request of Express that the middleware reads. */
interface ExpressRequest {
  readonly method: string
  readonly originalUrl: string
  readonly body: undefined
  get(name: string): string | undefined
}

type Middleware = (
  request: ExpressRequest,
  response: null,
  next: (error?: unknown) => void,
) => unknown

/** The middleware of Express, without Express. It has neither identifiers nor nonces. */
export function hmacAuthExpress(): Contender<ExpressRequest> {
  const middleware = HMAC(KEY) as unknown as Middleware
  const verify = async (request: ExpressRequest) => {
    let good = false
    await middleware(request, null, (error) => {
      good = error === undefined
    })
    return good
  }
  const request = (originalUrl: string): ExpressRequest => {
    const now = Date.now()
    const mac = generate(KEY, 'sha256', now, 'GET', TARGET).digest('hex')
    const fields: Record<string, string> = { authorization: `HMAC ${now}:${mac}` }
    return { method: 'GET', originalUrl, body: undefined, get: (name) => fields[name] }
  }
  return {
    name: 'hmac-auth-express',
    key: 'hmac-auth-express',
    inFlight: 1,
    rejectsReplay: false,
    prepare: () => request(TARGET),
    spoil: () => request(OTHER_TARGET),
    run: inWaves(1, verify),
  }
}
