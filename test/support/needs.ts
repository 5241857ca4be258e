import { spawnSync } from 'node:child_process'
import { test } from './runner.ts'

/** What a test needs that the user who runs it may lack: `null` where it is there, else what lacks. */
export type Lack = string | null

/**
 * A test that needs a right or a tool. Where that lacks, it is skipped, and its name says why; in CI it
 * fails.
 */
export function testWith(lack: Lack, name: string, body: () => unknown): void {
  if (lack === null) test(name, body as () => void)
  else if (process.env.CI) {
    test(name, () => {
      throw new Error(`This must run in CI, and cannot: ${lack}.`)
    })
  } else test.skip(`${name} (not run: ${lack})`, () => {})
}

/** Runs commands as another user than the superuser, who may do all: what stands in front of them. */
export const AS_NOBODY: readonly string[] =
  process.getuid?.() === 0
    ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
    : []

/** Whether an ordinary user can be had, who can read the files that a test runs. */
export function lackOfOrdinaryUser(file: string): Lack {
  if (process.getuid === undefined) return 'there are no users of this kind here'
  const [command = 'test', ...args] = [...AS_NOBODY, 'test', '-r', file]
  const { status, error } = spawnSync(command, args)
  if (error !== undefined) return `${command} is not there`
  return status === 0 ? null : 'the sources lie in a folder that other users may not enter'
}
