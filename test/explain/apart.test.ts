import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from '../support/runner.ts'

const SOURCES = resolve(import.meta.dirname, '../../src')
const IMPORT = /^(?:import|export) (?!type )[^;]*?from '([^']+)'|^import '([^']+)'/gm

/** The packages and the files in src that a file imports when it is loaded. */
function imports(file: string): string[] {
  const source = readFileSync(join(SOURCES, file), 'utf8')
  return [...source.matchAll(IMPORT)].map(([, named, bare]) => {
    const from = named ?? bare ?? ''
    return from.startsWith('.') ? relative(SOURCES, join(SOURCES, file, '..', from)) : from
  })
}

/** Everything that is loaded with a file. */
function loadedWith(file: string): Set<string> {
  const loaded = new Set<string>()
  const waiting = [file]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (loaded.has(next)) continue
    loaded.add(next)
    if (next.endsWith('.ts')) waiting.push(...imports(next))
  }
  return loaded
}

test('a server loads src/explain only when an explanation is asked for', () => {
  const loaded = [...loadedWith('index.ts')]
  expect(loaded).toContain('server/report.ts')
  expect(loaded.filter((file) => file.startsWith('explain/'))).toEqual([])
})

test('src/explain uses only the protocol: no store, no server, no I/O', () => {
  const files = readdirSync(join(SOURCES, 'explain')).map((file) => `explain/${file}`)
  expect(files.length).toBeGreaterThan(10)
  const allowed =
    /^(?:explain\/|protocol\/|bounded-map\.ts$|error-codes\.ts$|errors\.ts$|node:crypto$|node:url$)/
  const others = files
    .flatMap((file) => [...loadedWith(file)].map((loaded) => [file, loaded] as const))
    .filter(([, loaded]) => !allowed.test(loaded))
  expect(others).toEqual([])
})
