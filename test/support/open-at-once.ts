import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { endOf, runtimeCommand } from './process.ts'

/** The lines that a process printed, and its exit status. */
export type Said = readonly [lines: readonly string[], status: number | null]

/** The output of a process that could open the database. */
export const OPENED: Said = [['up', 'ready'], 0]

/** Starts `count` processes. When the last one runs, all of them open one database file. */
export function openAtOnce(path: string, count: number): Promise<Said[]> {
  const gate = Promise.withResolvers<void>()
  const script = join(import.meta.dirname, 'wait-and-open.ts')
  let up = 0
  const children = Array.from({ length: count }, () => {
    const [command, ...args] = runtimeCommand(script)
    return spawn(command, [...args, `sqlite:${path}`], { stdio: ['pipe', 'pipe', 'inherit'] })
  })
  return Promise.all(
    children.map(async (child) => {
      const { stdin, stdout } = child
      const end = endOf(child)
      let text = ''
      let ended = false
      for await (const chunk of stdout) {
        text += chunk
        if (ended || !text.includes('up')) continue
        ended = true
        if (++up === children.length) gate.resolve()
        await gate.promise
        stdin.end()
      }
      return [text.trim().split('\n'), await end] as const
    }),
  )
}
