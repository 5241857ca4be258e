import { jwtVerify, SignJWT } from 'jose'
import { changed, fetchRequest, freshNonce, KEY } from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

const SCHEME = 'Bearer '

/** A JSON Web Token with HS256 from the header field. It is a bearer token: the request is not signed. */
export async function joseJwt(inFlight: number): Promise<Contender<Request>> {
  const secret = new TextEncoder().encode(KEY)
  // The key is imported once. With the bytes, jose would import it for each token.
  const key = await crypto.subtle.importKey(
    'raw',
    secret,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  )
  const options = { algorithms: ['HS256'] }
  const verify = async (request: Request) => {
    const field = request.headers.get('authorization')
    if (!field?.startsWith(SCHEME)) return false
    return jwtVerify(field.slice(SCHEME.length), key, options).then(
      ({ payload }) => payload.sub === 'ada',
      () => false,
    )
  }
  const token = () =>
    new SignJWT({ sub: 'ada', jti: freshNonce() })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(secret)
  return {
    name: 'jose, jwtVerify of HS256',
    key: 'jose',
    inFlight,
    rejectsReplay: false,
    prepare: async () => fetchRequest(SCHEME + (await token())),
    spoil: async () => fetchRequest(SCHEME + changed(await token())),
    run: inWaves(inFlight, verify),
  }
}
