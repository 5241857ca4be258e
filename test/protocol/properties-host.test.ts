import fc from 'fast-check'
import { parseAuthority } from '../../src/protocol/host.ts'
import { expect, test } from '../support/runner.ts'
import { headerLike, host } from './arbitraries.ts'
import { unlessRefused } from './refusal.ts'

const RUNS = { numRuns: 3000 }

test('parseAuthority accepts every name, IPv4 address and canonical IPv6 address', () => {
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
      const lower = name.toLowerCase()
      expect(parseAuthority(name, 'https')).toEqual({ host: lower, port: '443' })
      expect(parseAuthority(`${name}:${port}`, 'http')).toEqual({ host: lower, port: `${port}` })
    }),
    RUNS,
  )
})

test('whatever parseAuthority accepts, a URL parser reads as the same host and port', () => {
  let compared = 0
  const nearly = fc.tuple(host, headerLike).map(([name, text]) => `${name}${text}`)
  const ports = fc.integer({ min: 0, max: 70_000 }).map((port) => `:${port}`)
  const authority = fc
    .tuple(fc.oneof(host, nearly, fc.stringMatching(/^[0-9a-fA-Fx.]{1,12}$/)), fc.option(ports))
    .map(([name, port]) => `${name}${port ?? ''}`)
  fc.assert(
    fc.property(authority, fc.constantFrom('http', 'https'), (text, scheme) => {
      const ours = unlessRefused(() => parseAuthority(text, scheme))
      const theirs = URL.canParse(`${scheme}://${text}/`) ? new URL(`${scheme}://${text}/`) : null
      if (ours === null || theirs === null) return
      compared++
      const port = theirs.port === '' ? { http: '80', https: '443' }[scheme] : theirs.port
      expect([ours.host, ours.port]).toEqual([theirs.hostname, port])
    }),
    RUNS,
  )
  expect(compared).toBeGreaterThan(500)
})
