import { join } from 'node:path'
import { runToEnd } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'

const SCRIPT = join(import.meta.dirname, '../support/throwing-listener.ts')

test('a listener that throws causes an uncaught exception, but changes no verdict and no batch', async () => {
  const { out, status } = await runToEnd(SCRIPT, { cwd: import.meta.dirname, env: process.env })
  const uncaught = ['accepted', 'batch', 'rejected', 'rotated'].map((name) => `withmac:${name}`)
  expect(out).toBe(`200 401 2 4 ${uncaught.join(' ')}`)
  expect(status).toBe(0)
})
