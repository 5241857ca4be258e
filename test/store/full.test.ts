import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { Kysely } from 'kysely'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { MOUNT, testWith } from '../support/needs.ts'
import { outcome } from '../support/outcome.ts'
import { expect, test } from '../support/runner.ts'
import { serve } from '../support/serve.ts'
import { signed } from '../support/sign.ts'
import { applicationDialect, openDatabase, rowsOf } from '../support/sqlite.ts'

const KEY = { id: 'ada', key: 'a-key-that-holds-128-bits' }

/** A file system of half a megabyte. */
function smallDisk(path: string): Disposable {
  mkdirSync(path)
  const run = (command: string, ...args: string[]) => {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? stderr}`)
  }
  run('mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path)
  return { [Symbol.dispose]: () => run('umount', path) }
}

/** Writes until the disk is full. */
function fill(path: string): void {
  for (const size of [4096, 1]) {
    try {
      for (;;) appendFileSync(path, new Uint8Array(size))
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOSPC') throw error
    }
  }
}

const ifMount = await testWith(MOUNT)

ifMount(
  'a full disk gives a 503; once there is room, requests are accepted again, and no replay is accepted',
  async () => {
    using folder = temporaryFolder()
    using _disk = smallDisk(folder.path('disk'))
    const filler = folder.path('disk/filler')
    await using server = await serve(`sqlite:${folder.path('disk/mac.db')}`)
    await server.mac.createCredential('ada', KEY)
    const passed: string[] = []
    const send = async () => {
      const header = server.sign(KEY)
      const answer = await server.sendHeader(header)
      if (answer === '200') passed.push(header)
      return answer
    }
    expect(await send()).toBe('200')
    fill(filler)
    const answers: string[] = []
    for (let time = 0; time < 20; time++) answers.push(await send())
    expect(new Set(answers)).toContain('503 ERR_MAC_STORE')
    expect(answers.at(-1)).toBe('503 ERR_MAC_STORE')
    expect(server.rejections.at(-1)?.message).toMatch(/full/)
    expect(await server.sendAnonymous()).toBe('200')
    rmSync(filler)
    expect(await send()).toBe('200')
    for (const header of passed) {
      expect(await server.sendHeader(header)).toBe('401 ERR_MAC_REPLAY')
    }
  },
  60_000,
)

test('a database that has reached its own size limit gives a 503 until there is room', async () => {
  const sqlite = openDatabase(':memory:')
  const database = new Kysely<unknown>({ dialect: await applicationDialect(sqlite) })
  const mac = createMac({ database, onReject: () => {} })
  await mac.createCredential('ada', KEY)
  const app = mac.withMac(() => new Response())
  const send = () =>
    outcome(app(signed(KEY, 'http://example.com/', { nonce: crypto.randomUUID() })))
  const pages = Number(rowsOf(sqlite, 'pragma page_count')[0]?.[0])
  sqlite.exec(`pragma max_page_count = ${pages + 1}`)
  const answers: string[] = []
  for (let time = 0; time < 400; time++) answers.push(await send())
  expect(answers[0]).toBe('200')
  expect(new Set(answers)).toEqual(new Set(['200', '503 ERR_MAC_STORE']))
  sqlite.exec('pragma max_page_count = 10000')
  expect(await send()).toBe('200')
  await database.destroy()
})
