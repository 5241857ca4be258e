import { defaultPort, parseAuthority } from '../../src/protocol/host.ts'
import { describe, expect, test } from '../support/runner.ts'
import { refusal } from './refusal.ts'

test('the default ports of the schemes are those of the draft (draft §3.2.1)', () => {
  expect([defaultPort('http'), defaultPort('https')]).toEqual(['80', '443'])
})

describe('parseAuthority accepts', () => {
  const longest = `${'a'.repeat(250)}.com.`
  const hosts: readonly [
    authority: string,
    scheme: 'http' | 'https',
    host: string,
    port: string,
  ][] = [
    ['example.com', 'http', 'example.com', '80'],
    ['example.com', 'https', 'example.com', '443'],
    ['example.com:80', 'https', 'example.com', '80'],
    ['example.com:443', 'http', 'example.com', '443'],
    ['EXAMPLE.Com:8080', 'http', 'example.com', '8080'],
    ['example.com.', 'http', 'example.com.', '80'],
    ['localhost:1', 'http', 'localhost', '1'],
    ['a-b_c.example:65535', 'http', 'a-b_c.example', '65535'],
    ['xn--caf-dma.example', 'http', 'xn--caf-dma.example', '80'],
    ['1.example', 'http', '1.example', '80'],
    ['1a', 'http', '1a', '80'],
    ['0xg', 'http', '0xg', '80'],
    ['127.0.0.1', 'http', '127.0.0.1', '80'],
    ['255.249.199.0:3000', 'http', '255.249.199.0', '3000'],
    ['[::1]', 'http', '[::1]', '80'],
    ['[::1]:3000', 'http', '[::1]', '3000'],
    ['[2001:DB8::1]:8443', 'https', '[2001:db8::1]', '8443'],
    [longest, 'http', longest, '80'],
  ]
  for (const [authority, scheme, host, port] of hosts) {
    test(`${scheme}://${authority}`, () => {
      expect(parseAuthority(authority, scheme)).toEqual({ host, port })
    })
  }
})

describe('parseAuthority rejects', () => {
  const faults: Readonly<Record<string, readonly string[]>> = {
    'it is empty': ['', ':80'],
    'srvx writes it instead of a malformed host': ['_invalid_', '_invalid_:3000'],
    'it is not a host name': [
      'user@example.com',
      'example.com/x',
      'a b',
      ' example.com',
      'example.com ',
      'a,b',
      'example.com, example.com',
      'ex%61mple.com',
      'a..b',
      '.a',
      '.',
      'a.com..',
      'exämple.com',
      '\u212A.example',
      'a\n',
      'a\0',
      '*',
      '*.example.com',
      `${'a'.repeat(251)}.com.`,
    ],
    'the port is not a number from 1 to 65535': [
      'example.com:',
      'example.com:0',
      'example.com:080',
      'example.com:65536',
      'example.com:99999',
      'example.com:100000',
      'example.com:http',
      'example.com:8o',
      'example.com:+80',
      'example.com: 80',
      'example.com:80 ',
      'example.com:80\n',
      'example.com:８０',
      'a:80:80',
      '::1',
      '[::1]:',
      '[::1][::1]',
      '[::1]:x',
    ],
    'it is an unusual spelling of an IPv4 address': [
      '1',
      '127.1',
      '127.0.0.01',
      '127.0.0.1.',
      '256.1.1.1',
      '1.2.3.4.5',
      '2130706433',
      '0x7f000001',
      '0x7f.0.0.1',
      '127.0.0.0x1',
      '0x',
      'a.0X',
      'a.1',
      'a.1.',
    ],
    'the bracket is not closed': ['[', '[::1', '[::1:80'],
    'it is not an IPv6 address in canonical form': [
      '[]',
      '[:]',
      '[:::1]',
      '[0:0:0:0:0:0:0:1]',
      '[::0001]',
      '[2001:db8:0:0::1]',
      '[::ffff:127.0.0.1]',
      '[fe80::1%25eth0]',
      '[fe80::1%eth0]',
      '[v1.x]',
      '[example.com]',
      '[127.0.0.1]',
      '[::1]x',
      '[::1]x:80',
      '[::g]',
    ],
  }
  for (const [why, authorities] of Object.entries(faults)) {
    for (const authority of authorities) {
      test(`${JSON.stringify(authority.slice(0, 40))}: ${why}`, () => {
        const error = refusal(() => parseAuthority(authority, 'http'))
        expect(error.code).toBe('ERR_MAC_HOST')
        expect(error.message).toContain(why)
      })
    }
  }

  test('a long host, and quotes only an escaped part of it, which the client does not see', () => {
    const error = refusal(() => parseAuthority(`\x1b[2J${'a'.repeat(9999)}`, 'http'))
    expect(error.message).toContain('\\u001b[2J')
    expect(error.message.length).toBeLessThan(300)
    expect(error.told.text).not.toContain('aaa')
  })
})
