import { readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMac } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { runToEnd } from '../support/process.ts'
import { describe, expect, test } from '../support/runner.ts'

const library = join(import.meta.dirname, '../../src/index.ts')

/** Runs a script in its own process, which must end by itself. Returns what it printed. */
async function run(script: string, cwd: string, url?: string, nonces?: string) {
  const { MAC_DATABASE_URL: _, MAC_NONCES_URL: __, ...others } = process.env
  const env = nonces === undefined ? others : { ...others, MAC_NONCES_URL: nonces }
  using folder = temporaryFolder()
  const file = folder.path('script.mjs')
  writeFileSync(file, `import * as withmac from ${JSON.stringify(library)}\n${script}`)
  return await runToEnd(file, {
    cwd,
    env: url === undefined ? env : { ...env, MAC_DATABASE_URL: url },
  })
}

const CREATE = "console.log((await withmac.createCredential('ada', { id: 'seed' })).user)"

describe('the default Mac', () => {
  test('uses mac.db in the working directory', async () => {
    using folder = temporaryFolder()
    expect(await run(CREATE, folder.path('.'))).toEqual({ out: 'ada', err: '', status: 0 })
    expect(readdirSync(folder.path('.'))).toContain('mac.db')
    const mac = createMac({ database: `sqlite:${folder.path('mac.db')}` })
    expect((await mac.getCredential('seed'))?.user).toBe('ada')
    await mac.close()
  })

  test.each([[''], [undefined]])('uses mac.db if MAC_DATABASE_URL is %p', async (url) => {
    using folder = temporaryFolder()
    expect((await run(CREATE, folder.path('.'), url)).status).toBe(0)
    expect(readdirSync(folder.path('.'))).toContain('mac.db')
  })

  test('uses the database of MAC_DATABASE_URL', async () => {
    using folder = temporaryFolder()
    const url = `sqlite:${folder.path('named.db')}`
    expect((await run(CREATE, folder.path('.'), url)).out).toBe('ada')
    expect(readdirSync(folder.path('.'))).toContain('named.db')
    expect(readdirSync(folder.path('.'))).not.toContain('mac.db')
  })

  test('does not open its database on import', async () => {
    using folder = temporaryFolder()
    expect((await run('console.log(1)', folder.path('.'), 'nonsense')).out).toBe('1')
    expect(readdirSync(folder.path('.'))).toEqual([])
  })

  test('names MAC_DATABASE_URL in the error if it is not valid, and shows no password', async () => {
    using folder = temporaryFolder()
    const script = 'withmac.createCredential("ada").catch((error) => console.log(String(error)))'
    const { out } = await run(script, folder.path('.'), 'postgres://u:secret')
    expect(out).toContain('TypeError')
    expect(out).toContain('MAC_DATABASE_URL')
    expect(out).not.toContain('secret')
  })

  test('names MAC_NONCES_URL in the error if it is not valid, and shows no password', async () => {
    using folder = temporaryFolder()
    const script = 'withmac.createCredential("ada").catch((error) => console.log(String(error)))'
    const { out } = await run(script, folder.path('.'), undefined, 'redis://u:secret')
    expect(out).toContain(
      'TypeError: withmac: MAC_NONCES_URL must be a URL that starts with redis://',
    )
    expect(out).not.toContain('secret')
    expect(readdirSync(folder.path('.'))).toEqual([])
  })

  test('is the same for all functions that the package exports', async () => {
    using folder = temporaryFolder()
    const script = `
      const { id } = await withmac.createCredential('ada')
      const list = await withmac.listCredentials({ user: 'ada' })
      await withmac.revokeCredential(id)
      const { revoked } = await withmac.getCredential(id)
      await withmac.deleteCredential(id)
      const app = withmac.withMac(() => new Response())
      const { status } = await app(new Request('http://example.com/'))
      const routes = withmac.routes({ '/a/*': () => new Response() })
      const { code } = await (await routes['/a/*'](new Request('http://example.com/b'))).json()
      console.log(list.length, revoked !== null, await withmac.getCredential(id), status, code)`
    const { out, err } = await run(script, folder.path('.'))
    expect(err).toBe('')
    expect(out).toBe('1 true null 401 ERR_MAC_TARGET')
    expect(readdirSync(realpathSync(folder.path('.')))).toContain('mac.db')
  })
})
