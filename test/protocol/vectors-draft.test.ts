import { createHash } from 'node:crypto'
import { formatAuthorization } from '../../src/protocol/authorization.ts'
import { computeMac } from '../../src/protocol/hmac.ts'
import { type MacAlgorithm, requestString } from '../../src/protocol/signature.ts'
import { describe, expect, test } from '../support/runner.ts'
import { fixedMac, outcome, type Shown } from './fixed-mac.ts'
import { type PublishedExample, readVectors } from './vector-files.ts'

const examples = readVectors<PublishedExample[]>('draft-examples')
const current = examples.filter(({ draft }) => draft === undefined)
const superseded = examples.filter(({ draft }) => draft === '00')

test('there are seven published examples, two of them from the earlier draft', () => {
  expect([examples.length, current.length, superseded.length]).toEqual([7, 5, 2])
  expect(current.filter(({ mac_sha256 }) => mac_sha256 !== undefined)).toHaveLength(2)
})

for (const example of current) {
  const { source, key, algorithm, mac, mac_sha256, normalized } = example

  test(`${source}: the string and the MAC are the same, and the request is accepted`, async () => {
    expect(ourString(example)).toBe(normalized)
    expect(computeMac(algorithm, key, normalized)).toBe(mac)
    expect(await verdictOn(example, algorithm, mac)).toBe('accepted')
    if (mac_sha256 === undefined) return
    expect(computeMac('hmac-sha-256', key, normalized)).toBe(mac_sha256)
    expect(await verdictOn(example, 'hmac-sha-256', mac_sha256)).toBe('accepted')
  })
}

describe("the draft's misprint (draft §1.1)", () => {
  // The draft says that each element is followed by a line feed (§3.2.1), also the last one and empty
  // ones. The printed MAC was computed over the elements joined with CR LF, and without the line feed and
  // the empty ext after the port. No implementation that we ran computes the printed value, so it is a
  // misprint.
  const example = current.find(({ printed_mac }) => printed_mac !== undefined) as PublishedExample
  const { key, ts, nonce, target, printed_mac: printed } = example

  test('the printed value is the MAC of another text than the draft prescribes', () => {
    const text = [ts, nonce, 'GET', target, 'example.com', '80'].join('\r\n')
    expect(text).toBe(example.printed_mac_is_hmac_of as string)
    expect(computeMac('hmac-sha-1', key, text)).toBe('bhCQXTVyfj5cmA9uKkPFx1zeOXM=')
    expect(printed).toBe('bhCQXTVyfj5cmA9uKkPFx1zeOXM=')
  })

  test('the value by the rules of the draft is different, and the printed one is rejected', async () => {
    expect(computeMac('hmac-sha-1', key, ourString(example))).toBe('6T3zZzy2Emppni6bzL7kdRxUWL4=')
    expect(await verdictOn(example, 'hmac-sha-1', printed as string)).toBe('ERR_MAC_MISMATCH')
  })
})

describe('an example of the earlier draft, whose string has another form', () => {
  for (const example of superseded) {
    const { source, key, algorithm, mac, nonce, normalized } = example
    const [age = '', random = ''] = nonce.split(':')

    test(`${source}: has another string and MAC`, () => {
      // The earlier string starts with the nonce, has no timestamp, and ends with a body hash and ext.
      expect(computeMac(algorithm, key, normalized)).toBe(mac)
      expect(normalized.split('\n').slice(0, 2)).toEqual([nonce, example.method])
      for (const ours of [{ nonce }, { nonce: random }, { nonce, ext: example.bodyhash ?? '' }]) {
        const text = ourString({ ...example, ts: age, ...ours })
        expect(text.split('\n').slice(0, 3)).toEqual([age, ours.nonce, example.method])
        expect(computeMac(algorithm, key, text)).not.toBe(mac)
      }
    })

    test(`${source}: is rejected as it was sent, and with a timestamp from its nonce`, async () => {
      await using server = await serverFor(example, algorithm, Number(age))
      const sent = `MAC id="some", nonce="${nonce}", mac="${mac}"`
      expect(await outcome(server, { ...shown(example), authorization: sent })).toBe(
        'ERR_MAC_PARAMETER_MISSING',
      )
      expect(await verdictOn({ ...example, ts: age }, algorithm, mac)).toBe('ERR_MAC_MISMATCH')
    })
  }

  test('has a body hash that is the SHA-1 of the body', () => {
    const [example] = superseded.filter(({ body }) => body !== undefined)
    const hash = createHash('sha1')
      .update(example?.body as string)
      .digest('base64')
    expect(hash).toBe(example?.bodyhash as string)
  })
})

test('the MAC of a request of a service in production is the same', () => {
  const text = requestString({
    ts: '1343818800',
    nonce: 'nQnNaSNyubfPErjRO55yaaEYo9YZfKHN',
    method: 'GET',
    target: '/wallet/rest/v1/payment/10145',
    host: 'www.webtopay.com',
    port: '443',
    ext: null,
  })
  const mac = computeMac('hmac-sha-256', 'IrdTc8uQodU7PRpLzzLTW6wqZAO6tAMU', text)
  expect(mac).toBe('xTCR/i6LKbhXoo4Fe77ECowrn+Q6uUdX7yxwS/lhDWU=')
})

test('the MACs for the inputs of the draft are the known ones, for each method and algorithm', () => {
  const known: readonly [method: string, algorithm: MacAlgorithm, mac: string][] = [
    ['GET', 'hmac-sha-1', '6T3zZzy2Emppni6bzL7kdRxUWL4='],
    ['POST', 'hmac-sha-1', 'SIBz/j9mI1Ba2Y+10wdwbQGv2Yk='],
    ['GET', 'hmac-sha-256', '1c0l2YIW7g7syyDmVHy2lxCeZK5VouDCuU0T0YOmTOU='],
    ['POST', 'hmac-sha-256', 'Xt51rtHY5F+jxKXMCoiKgXa3geofWW/7RANCXB1yu08='],
  ]
  const [inputs] = current as [PublishedExample]
  for (const [method, algorithm, mac] of known) {
    expect(computeMac(algorithm, inputs.key, ourString({ ...inputs, method }))).toBe(mac)
  }
})

function ourString({ ts = '', nonce, method, target, host, port, ext }: PublishedExample): string {
  return requestString({ ts, nonce, method, target, host, port, ext })
}

function shown({ method, target, host, port }: PublishedExample): Shown {
  return { method, scheme: port === '443' ? 'https' : 'http', host, target }
}

function serverFor({ key }: PublishedExample, algorithm: MacAlgorithm, now: number) {
  return fixedMac(now, [{ id: 'some', key, algorithm }])
}

/** Sends the example's request with the given MAC, to a server whose clock shows its timestamp. */
async function verdictOn(example: PublishedExample, algorithm: MacAlgorithm, mac: string) {
  const { ts = '', nonce, ext } = example
  await using server = await serverFor(example, algorithm, Number(ts))
  const authorization = formatAuthorization({ id: 'some', ts, nonce, ext, mac })
  return await outcome(server, { ...shown(example), authorization })
}
