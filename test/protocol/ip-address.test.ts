import { countedAddress, isLoopbackAddress } from '../../src/protocol/ip-address.ts'
import { describe, expect, test } from '../support/runner.ts'

describe('countedAddress returns for', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['192.0.2.1:8080', '192.0.2.1'],
    ['192.0.2.1:_port', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001::', '2001:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s: %s', (written, counted) => {
    expect(countedAddress(written)).toBe(counted)
  })
})

test.each([
  '',
  'unknown',
  '_hidden',
  '_SEVKISEK:80',
  'example.com',
  '192.0.2',
  '192.0.2.256',
  '0300.0.2.1',
  '3221225985',
  '192.0.2.1:80:80',
  '[192.0.2.1',
  '2001:db8::1::2',
  '2001:db8:1:2:3:4:5:6:7',
  '[2001:db8::1]443',
  '/run/app.sock',
  'unix:',
])('countedAddress returns null for %p', (written) => {
  expect(countedAddress(written)).toBe(null)
})

test('all addresses of an IPv6 network of 64 bits count as one, and those of the next network as another', () => {
  const counted = (text: string) => countedAddress(text)
  expect(counted('2001:db8:0:7::1')).toBe(counted('2001:db8:0:7:ffff:ffff:ffff:ffff') as string)
  expect(counted('2001:db8:0:7::1')).not.toBe(counted('2001:db8:0:8::1'))
})

test.each([
  ['127.0.0.1', true],
  ['127.255.255.254:80', true],
  ['::1', true],
  ['[::1]:443', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['::FFFF:7f01:203', true],
  ['128.0.0.1', false],
  ['12.7.0.1', false],
  ['192.168.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::2', false],
  ['::1:1', false],
  ['::127.0.0.1', false],
  ['1::1', false],
  ['::ffff:128.0.0.1', false],
  ['64:ff9b::127.0.0.1', false],
  ['1::ffff:127.0.0.1', false],
  ['fe80::1%lo', false],
  ['localhost', null],
  ['unknown', null],
  ['', null],
])('isLoopbackAddress returns for %p: %s', (written, local) => {
  expect(isLoopbackAddress(written)).toBe(local)
})
