import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AS_NOBODY, ORDINARY_USER, testWith } from '../support/needs.ts'
import { endOf, runCommand } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { authorization } from '../support/sign.ts'

const ROOT = join(import.meta.dirname, '../..')
const SCRIPT = join(ROOT, 'docs/examples/replicas/start.sh')

/** The servers that the script started, as it printed them. */
interface Replicas extends AsyncDisposable {
  readonly origin: string
  readonly folder: string
  readonly curl: string
  /** Sends a request with an `Authorization` header. */
  send(authorization: string): Promise<{ readonly status: number; readonly text: string }>
  /** Sends SIGINT, as Ctrl-C does, and waits until the script has ended. (On Deno its status is not known then.) */
  stop(): Promise<unknown>
}

async function start(args: readonly string[], before: readonly string[] = []): Promise<Replicas> {
  const [command = '', ...rest] = [...before, 'sh', SCRIPT, ...args]
  const child = spawn(command, rest, { cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = endOf(child)
  let printed = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    printed += chunk
    if (printed.includes('Ctrl-C')) break
  }
  const find = (pattern: RegExp) => pattern.exec(printed)?.[1] ?? ''
  const origin = find(/behind (http:\S+)/)
  const stop = () => {
    child.kill('SIGINT')
    return ended
  }
  return {
    origin,
    folder: find(/are in (\S+)/),
    curl: find(/^(curl .*)$/m),
    async send(authorization) {
      const answer = await fetch(`${origin}/`, { headers: { authorization } })
      return { status: answer.status, text: await answer.text() }
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

for (const args of [[], ['redis']]) {
  const name = `start.sh${args.map((arg) => ` ${arg}`).join('')}`

  test(`${name} starts three servers that accept a signed request once, and Ctrl-C stops all`, async () => {
    await using replicas = await start(args)
    const shell = () => runCommand(['sh', '-c', replicas.curl], { cwd: '/', env: process.env })
    expect((await shell()).out).toContain('hello ada from server')
    expect((await shell()).out).toContain('ERR_MAC_REPLAY')

    const { id, key } = JSON.parse(readFileSync(join(replicas.folder, 'ada.json'), 'utf8'))
    const sign = () => authorization({ id, key }, `${replicas.origin}/`)
    const fresh = await Promise.all(Array.from({ length: 12 }, () => replicas.send(sign())))
    expect(fresh.map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect(new Set(fresh.map(({ text }) => text)).size).toBe(3)

    const copied = sign()
    const copies = await Promise.all(Array.from({ length: 30 }, () => replicas.send(copied)))
    expect(copies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(copies.filter(({ text }) => text.includes('ERR_MAC_REPLAY'))).toHaveLength(29)

    await replicas.stop()
    expect(existsSync(replicas.folder)).toBe(false)
    await expect(replicas.send(sign())).rejects.toThrow()
  })
}

const ifOrdinary = await testWith(ORDINARY_USER)

ifOrdinary('start.sh works for an ordinary user', async () => {
  await using replicas = await start([], AS_NOBODY)
  const { out } = await runCommand(['sh', '-c', replicas.curl], { cwd: '/', env: process.env })
  expect(out).toContain('hello ada')
  await replicas.stop()
  expect(existsSync(replicas.folder)).toBe(false)
})

test('start.sh rejects an argument that it does not know', async () => {
  const { err, status } = await runCommand(['sh', SCRIPT, 'sqlite'], { cwd: '/', env: process.env })
  expect([err, status]).toEqual(['usage: start.sh [redis]\n', 2])
})
