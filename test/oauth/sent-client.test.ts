import { describe, expect, test } from '../support/runner.ts'
import { answerOf, basic, GRANT, testEndpoint, tokenRequest } from './endpoint.ts'

/** An endpoint that accepts every client, and the names and secrets that authenticateClient got. */
function asked() {
  const names: string[] = []
  const made = testEndpoint({
    issueLimit: null,
    authenticateClient: ({ clientId, clientSecret }) => {
      names.push(clientId, clientSecret)
      return { user: 'ada' }
    },
  })
  const send = async (method: 'basic' | 'body', clientId: string, clientSecret: string) => {
    const form = { ...GRANT, client_id: clientId, client_secret: clientSecret }
    const header = basic([clientId, clientSecret].map(encodeURIComponent).join(':'))
    const request = method === 'body' ? tokenRequest(form) : tokenRequest(GRANT, header)
    const { status, json } = await answerOf(made.endpoint(request))
    return [status, json.error]
  }
  return { ...made, names, send }
}

describe.each(['basic', 'body'] as const)('a client that authenticates with %s', (method) => {
  const CONTROLS = ['\0', '\t', '\n', '\r', '\x1b', '\x1f', '\x7f', '\x80', '\x85', '\x9f']

  test.each(CONTROLS.map((character) => [JSON.stringify(character), character] as const))(
    'is rejected before authenticateClient if its name or its secret has a control character: %s',
    async (_, character) => {
      const { send, names, refused, mac } = asked()
      for (const odd of [character, `${character}shop`, `sh${character}op`, `shop${character}`]) {
        expect(await send(method, odd, 'secret')).toEqual([401, 'invalid_client'])
        expect(await send(method, 'shop', odd)).toEqual([401, 'invalid_client'])
      }
      expect([names, await mac.listCredentials()]).toEqual([[], []])
      expect(refused).toHaveLength(8)
    },
  )

  test('is rejected before authenticateClient if its name has more than 1024 characters', async () => {
    const { send, names } = asked()
    expect(await send(method, 'x'.repeat(1025), 'secret')).toEqual([401, 'invalid_client'])
    expect(names).toEqual([])
    expect(await send(method, 'x'.repeat(1024), 'secret')).toEqual([200, undefined])
  })

  test('may have all other characters, and authenticateClient gets them unchanged', async () => {
    const { send, names } = asked()
    const odd = ' ~é€🙂\u00a0\u200b'
    expect(await send(method, odd, odd)).toEqual([200, undefined])
    expect(names).toEqual([odd, odd])
  })
})
