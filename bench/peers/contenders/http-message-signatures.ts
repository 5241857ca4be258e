import { createSigner, createVerifier, httpbis } from 'http-message-signatures'
import {
  freshNonce,
  HOST,
  ID,
  KEY,
  OTHER_TARGET,
  TARGET,
  URL_SIGNED,
} from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

/** A request, in the form that the library needs. */
interface Message {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string | string[]>
}

const FIELDS = ['@method', '@authority', '@path', '@query']
const PARAMETERS = ['keyid', 'alg', 'created', 'nonce']

/** RFC 9421 with hmac-sha256, over the same parts that withmac covers. It does not check nonces. */
export function httpMessageSignatures(): Contender<Message> {
  const signer = createSigner(KEY, 'hmac-sha256', ID)
  const key = { id: ID, algs: ['hmac-sha256'], verify: createVerifier(KEY, 'hmac-sha256') }
  const config = {
    keyLookup: async ({ keyid }: { keyid?: string | undefined }) => (keyid === ID ? key : null),
    requiredFields: FIELDS,
    requiredParams: ['created', 'nonce'],
    maxAge: 300,
  }
  const verify = (message: Message) =>
    httpbis.verifyMessage(config, message).then(
      (good) => good === true,
      () => false,
    )
  const sign = () =>
    httpbis.signMessage(
      { key: signer, fields: FIELDS, params: PARAMETERS, paramValues: { nonce: freshNonce() } },
      { method: 'GET', url: URL_SIGNED, headers: { host: HOST } },
    )
  return {
    name: 'http-message-signatures, hmac-sha256',
    key: 'http-message-signatures',
    inFlight: 1,
    rejectsReplay: false,
    prepare: sign,
    spoil: async () => ({ ...(await sign()), url: URL_SIGNED.replace(TARGET, OTHER_TARGET) }),
    run: inWaves(1, verify),
  }
}
