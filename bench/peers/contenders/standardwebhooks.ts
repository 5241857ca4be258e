import { Webhook } from 'standardwebhooks'
import { freshNonce, KEY, OTHER_TARGET, TARGET } from '../../signing/request.ts'
import { type Contender, inWaves } from '../contender.ts'

/** A webhook. Its body contains what the other contenders cover. */
interface Delivery {
  readonly body: string
  readonly headers: Record<string, string>
}

/** Signs the body, an id and a timestamp. It does not check whether an id is used twice. */
export function standardWebhooks(): Contender<Delivery> {
  const webhook = new Webhook(KEY, { format: 'raw' })
  const verify = ({ body, headers }: Delivery) => {
    try {
      webhook.verify(body, headers, { jsonParse: false })
      return true
    } catch {
      return false
    }
  }
  const deliver = (body: string): Delivery => {
    const id = freshNonce()
    const now = new Date()
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': webhook.sign(id, now, TARGET),
    }
    return { body, headers }
  }
  return {
    name: 'standardwebhooks',
    key: 'standardwebhooks',
    inFlight: 1,
    rejectsReplay: false,
    prepare: () => deliver(TARGET),
    spoil: () => deliver(OTHER_TARGET),
    run: inWaves(1, verify),
  }
}
