import { createTokenFetch } from '../../src/client/index.ts'
import { describe, expect, test } from '../support/runner.ts'

describe.each(['clientId', 'clientSecret'])('createTokenFetch rejects a %s', (name) => {
  const good = {
    tokenEndpoint: 'https://api.example.com/token',
    clientId: 'shop',
    clientSecret: 'very-secret',
  }
  const CONTROLS = ['\0', '\t', '\n', '\r', '\x1b', '\x1f', '\x7f', '\x80', '\x85', '\x9f']

  test('that is empty, for example if an environment variable is not set', () => {
    const make = () => createTokenFetch({ ...good, [name]: '' })
    expect(make).toThrow(`${name} must be a string that is not empty, not an empty string`)
  })

  test.each(CONTROLS.map((character) => [JSON.stringify(character), character] as const))(
    'that holds a control character, and does not show it in the error: %s',
    (_, character) => {
      for (const odd of [
        character,
        `${character}hidden`,
        `hid${character}den`,
        `hidden${character}`,
      ]) {
        const make = () => createTokenFetch({ ...good, [name]: odd })
        expect(make).toThrow(TypeError)
        expect(make).toThrow(`${name} holds a control character`)
        expect(make).not.toThrow('hid')
      }
    },
  )
})

test('createTokenFetch takes a clientId and a clientSecret with all other characters', () => {
  const odd = ' ~é€🙂\u00a0\u200b'
  const made = createTokenFetch({
    tokenEndpoint: 'https://api.example.com/token',
    clientId: odd,
    clientSecret: odd,
  })
  expect(typeof made).toBe('function')
})
