import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '../support/runner.ts'
import { page, ROOT } from './pages.ts'

const NAMED = /\b(?:src|test|docs|bench)\/[\w./-]*\w/g

test('each file and folder named in docs/architecture.md exists', () => {
  const named = page('docs/architecture.md').text.match(NAMED) ?? []
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})
