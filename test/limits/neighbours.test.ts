import { boundExt, withBody } from '../support/bound.ts'
import { captured, FLOODER, LIMITED, now, times } from '../support/captured.ts'
import { outcome } from '../support/outcome.ts'
import { describe, expect, test } from '../support/runner.ts'

describe('from an exhausted address,', () => {
  test('new requests of a cached credential are accepted, one by one and at once', async () => {
    const { send, ada, copy } = await captured()
    for (let sent = 0; sent < 3; sent++) {
      expect(await send(ada, FLOODER, copy)).toBe(LIMITED)
      expect(await send(ada, FLOODER)).toBe('200')
    }
    const all = await times(50, () => send(ada, FLOODER))
    expect(all).toEqual(new Array(50).fill('200'))
  })

  test('one of many simultaneous copies of a new request is accepted', async () => {
    const { send, ada } = await captured()
    const fresh = { ts: now(), nonce: 'fresh' }
    const all = await times(50, () => send(ada, FLOODER, fresh))
    expect(all.filter((became) => became === '200')).toHaveLength(1)
    expect(all.filter((became) => became === LIMITED)).toHaveLength(49)
  })

  test('a copied header with another body does not block the original request, neither before nor during it', async () => {
    const { mac, ada } = await captured()
    const handler = (_request: Request, _from: string) => new Response()
    const app = mac.withMac(handler, { body: 'required', onReject() {} })
    const signing = { ts: now(), nonce: 'true', ext: boundExt('body') }
    const send = (body: BodyInit) =>
      outcome(app(withBody(ada, 'http://example.com/a', body, signing), FLOODER))
    expect(await send('another')).toBe(LIMITED)
    let end = () => {}
    const slow = send(
      new ReadableStream({
        start(controller) {
          end = () => controller.close()
        },
      }),
    )
    expect(await send('body')).toBe('200')
    end()
    expect(await slow).toBe(LIMITED)
  })
})
