import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AS_NOBODY } from './as-nobody.ts'
import { test } from './runner.ts'

export { AS_NOBODY }

/** Something that a test needs, and that not every machine or user has. */
export interface Need {
  readonly name: string
  /** @returns Why it is missing, or `null` if it is there. */
  missing(): string | null | Promise<string | null>
}

/** The right to mount a file system. Root has it, but not in every container. */
export const MOUNT: Need = {
  name: 'mount',
  missing() {
    const folder = mkdtempSync(join(tmpdir(), 'withmac-mount-'))
    try {
      const why = failure('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder)
      return why ?? failure('umount', folder)
    } finally {
      rmdirSync(folder)
    }
  },
}

/** A second loopback address. Linux has all of 127.0.0.0/8. Other systems have only 127.0.0.1. */
export const SECOND_ADDRESS: Need = {
  name: 'second-address',
  missing: () =>
    new Promise((resolve) => {
      const server = createServer()
      server.on('error', ({ message }) => resolve(message))
      server.listen(0, '127.0.0.2', () => server.close(() => resolve(null)))
    }),
}

/** A terminal for a program, from `script` of util-linux. On other systems `script` has other options. */
export const TERMINAL: Need = {
  name: 'script',
  missing: () => failure('script', '-qec', 'stty cols 60', '/dev/null'),
}

export const FULL_DEVICE: Need = {
  name: '/dev/full',
  missing: () => (existsSync('/dev/full') ? null : 'there is no /dev/full'),
}

export const CURL: Need = { name: 'curl', missing: () => failure('curl', '--version') }
export const BASH: Need = { name: 'bash', missing: () => failure('bash', '-c', ':') }
export const OPENSSL: Need = { name: 'openssl', missing: () => failure('openssl', 'version') }
export const PYTHON: Need = { name: 'python3', missing: () => failure('python3', '--version') }
export const RUBY: Need = { name: 'ruby', missing: () => failure('ruby', '--version') }
export const SQLITE3: Need = { name: 'sqlite3', missing: () => failure('sqlite3', '--version') }

/** A user without the rights of root who may read the sources. */
export const ORDINARY_USER: Need = {
  name: 'ordinary-user',
  missing() {
    if (process.getuid === undefined) return 'there are no users of this kind here'
    const [command = 'test', ...args] = [...AS_NOBODY, 'test', '-r', import.meta.filename]
    return failure(command, ...args)
  },
}

const reasons = new Map<Need, Promise<string | null>>()

/**
 * Returns `test` if the machine has what the tests need. Otherwise prints the reason and returns
 * `test.skip`. If the variable WITHMAC_MAY_SKIP is set, only tests with the needs that it lists may be
 * skipped.
 *
 * @throws Error if the tests cannot run and may not be skipped.
 *
 * @example
 * const ifMount = await testWith(MOUNT)
 * ifMount('answers 503 if the disk is full', async () => {})
 */
export async function testWith(...needs: readonly Need[]): Promise<typeof test> {
  for (const need of needs) {
    const missing = reasons.get(need) ?? Promise.resolve(need.missing())
    reasons.set(need, missing)
    const reason = await missing
    if (reason === null) continue
    const { WITHMAC_MAY_SKIP } = process.env
    if (WITHMAC_MAY_SKIP?.split(',').includes(need.name) === false) {
      throw new Error(`Tests that need ${need.name} cannot run, and may not be skipped: ${reason}`)
    }
    console.error(`(skip) tests that need ${need.name}: ${reason}`)
    return test.skip
  }
  return test
}

/** @returns Why a command fails, or `null` if it does not. */
function failure(command: string, ...args: readonly string[]): string | null {
  const { status, error, stderr } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  })
  if (status === 0) return null
  return (error?.message ?? stderr.trim()) || `${command} ended with ${status}`
}
