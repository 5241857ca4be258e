import { spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { outcome } from '../support/outcome.ts'
import { endOf, runToEnd, runtimeCommand } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { sealingKeyOf } from '../support/sealing-keys.ts'
import { signed } from '../support/sign.ts'

const SCRIPT = join(import.meta.dirname, '../support/ready-server.ts')
const [ONE, TWO] = [sealingKeyOf('one'), sealingKeyOf('two')]

/** Makes a sealed database. @returns A credential in it, and the environment of a server on it. */
async function sealedDatabase(folder: { path(name: string): string }) {
  const database = `sqlite:${folder.path('mac.db')}`
  const mac = createMac({ database, sealingKey: ONE })
  const ada = await mac.createCredential('ada')
  await mac.close()
  return { ada, env: { ...process.env, NODE_NO_WARNINGS: '1', DATABASE: database } }
}

test('a server on a sealed database works with its sealing key', async () => {
  using folder = temporaryFolder()
  const { ada, env } = await sealedDatabase(folder)
  const [command, ...args] = runtimeCommand(SCRIPT)
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...env, MAC_SEALING_KEY: `${TWO},${ONE}` },
  })
  const ended = endOf(child)
  const { value: port } = await createInterface({ input: child.stdout })
    [Symbol.asyncIterator]()
    .next()
  const answer = await fetch(signed(ada, `http://127.0.0.1:${port}/`))
  expect(await answer.text()).toBe('ada')
  child.kill('SIGKILL')
  await ended
})

test.each([
  ['without a sealing key', undefined, 'None was given.'],
  ['with another sealing key', TWO, 'Given: '],
])('a server on a sealed database refuses to start %s, and says why', async (_, key, given) => {
  using folder = temporaryFolder()
  const { env } = await sealedDatabase(folder)
  const variables = key === undefined ? env : { ...env, MAC_SEALING_KEY: key }
  const { out, err, status } = await runToEnd(SCRIPT, { cwd: folder.path(''), env: variables })
  expect(status).not.toBe(0)
  expect(out).toBe('')
  expect(err).toContain(
    `The database ${folder.path('mac.db')} has MAC keys sealed by a sealing key`,
  )
  expect(err).toContain(given)
  expect(err).toContain('Set MAC_SEALING_KEY, or the option sealingKey, to ')
  expect(err).not.toContain(ONE)
  expect(err).not.toContain(TWO)
})

test('a server refuses to start with an empty MAC_SEALING_KEY, and creates no database', async () => {
  using folder = temporaryFolder()
  const variables = {
    ...process.env,
    DATABASE: `sqlite:${folder.path('mac.db')}`,
    MAC_SEALING_KEY: '',
  }
  const { out, err, status } = await runToEnd(SCRIPT, { cwd: folder.path(''), env: variables })
  expect(status).not.toBe(0)
  expect(out).toBe('')
  expect(err).toContain('withmac: MAC_SEALING_KEY is set, but empty. ')
  expect(existsSync(folder.path('mac.db'))).toBe(false)
})

const onDeno = process.versions.deno === undefined ? [] : ['Deno']

test.each(onDeno)(
  'a server on %s does not prompt for MAC_SEALING_KEY, and refuses sealed keys if it may not read it',
  async () => {
    using folder = temporaryFolder()
    const { env } = await sealedDatabase(folder)
    const script = folder.path('script.ts')
    const index = join(import.meta.dirname, '../../src/index.ts')
    writeFileSync(
      script,
      `import { createMac } from ${JSON.stringify(index)}
     await createMac({ database: process.argv[2] }).ready()
     console.log('ready')`,
    )
    const run = (database: string, ...more: string[]) => {
      const files = [
        `--allow-read`,
        `--allow-write=${folder.path('')}`,
        '--allow-env=MAC_DATABASE_URL',
      ]
      const args = [
        'run',
        '--quiet',
        '--node-modules-dir=manual',
        ...files,
        ...more,
        script,
        database,
      ]
      const variables = { ...env, MAC_SEALING_KEY: ONE }
      return spawnSync(process.execPath, args, { env: variables, encoding: 'utf8', input: '' })
    }
    const other = run(`sqlite:${folder.path('other.db')}`)
    expect([other.stdout, other.stderr, other.status]).toEqual(['ready\n', '', 0])
    const refused = run(env.DATABASE)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('and on Deno run with --allow-env=MAC_SEALING_KEY.')
    const permitted = run(env.DATABASE, '--allow-env=MAC_SEALING_KEY')
    expect([permitted.stdout, permitted.status]).toEqual(['ready\n', 0])
  },
)

test('requests get a 503 and onReject the reason if the sealing key is missing', async () => {
  using folder = temporaryFolder()
  const { ada, env } = await sealedDatabase(folder)
  const errors: string[] = []
  const mac = createMac({
    database: env.DATABASE,
    sealingKey: null,
    onReject: ({ code, message }) => errors.push(`${code}: ${message}`),
  })
  const app = mac.withMac(() => new Response())
  expect(await outcome(app(signed(ada, 'http://example.com/')))).toBe('503 ERR_MAC_SEALED')
  expect(errors[0]).toMatch(/^ERR_MAC_SEALED: The database .* \(1 credential\)\. None was given\./)
  const body = await (await app(signed(ada, 'http://example.com/'))).text()
  expect(body).toContain('Credentials cannot be checked at the moment.')
  expect(body).not.toContain('sealing')
  await mac.close()
})

test('if another process seals one credential with an unknown key, only that credential fails', async () => {
  using folder = temporaryFolder()
  const { ada, env } = await sealedDatabase(folder)
  const errors: string[] = []
  const here = createMac({
    ...{ database: env.DATABASE, sealingKey: ONE },
    onReject: ({ code, message }) => errors.push(`${code}: ${message}`),
  })
  const app = here.withMac(() => new Response())
  await here.ready()
  const there = createMac({ database: env.DATABASE, sealingKey: [TWO, ONE] })
  const eve = await there.createCredential('eve')
  await there.close()
  expect(await outcome(app(signed(ada, 'http://example.com/')))).toBe('200')
  expect(await outcome(app(signed(eve, 'http://example.com/')))).toBe('503 ERR_MAC_SEALED')
  expect(errors[0]).toMatch(/is sealed by the sealing key [0-9a-f]{16}, which was not given/)
  expect(await here.listCredentials()).toHaveLength(2)
  await here.close()
})
