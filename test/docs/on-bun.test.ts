import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from '../support/folder.ts'
import { endOf, runToEnd } from '../support/process.ts'
import { expect, test } from '../support/runner.ts'
import { block, ROOT } from './pages.ts'

const EXAMPLES = join(ROOT, 'docs/examples')

test("the README's client can call the README's server", async () => {
  using folder = folderWithPackage()
  writeFileSync(folder.path('server.ts'), block('// server.ts: npx bun').code)
  writeFileSync(folder.path('client.ts'), block('// client.ts').code)
  const server = start('server.ts', folder.path(''))
  const call = await lineOf(server)
  const { env, url } = readCall(call, 'npx bun client.ts')
  const client = () => runToEnd(folder.path('client.ts'), { cwd: ROOT, env, args: [url] })
  expect((await client()).out).toBe('200 hello ada')
  expect((await client()).out).toBe('200 hello ada')
  expect((await fetch(url)).status).toBe(401)
  await end(server)
})

test('the server with a SIGTERM handler ends with status 0 after SIGTERM', async () => {
  using folder = folderWithPackage()
  writeFileSync(
    folder.path('server.ts'),
    `${block("process.on('SIGTERM'").code}\nconsole.log('listens')\n`,
  )
  const server = start('server.ts', folder.path(''))
  expect(await lineOf(server)).toBe('listens')
  expect(await end(server)).toBe(0)
})

test('the example with routes accepts what the example client signs', async () => {
  const { server, send, url } = await startExample('bun-routes.ts')
  expect(await send([url])).toEqual(['200 [["1","tea"]]', 0])
  expect(await send([url, 'milk'])).toEqual(['201', 0])
  expect(await send([`${url}/2`])).toEqual(['200 "milk"', 0])
  expect(await send([url.replace('orders', 'other')])).toEqual(['200 hello ada', 0])
  expect((await fetch(url)).status).toBe(401)
  expect(await (await fetch(url.replace('orders', 'health'))).text()).toBe('ok')
  await end(server)
})

test('the example with Hono accepts what the example client signs, and ends with status 0', async () => {
  const { server, send, url } = await startExample('hono-node.ts')
  expect(await send([url])).toEqual(['200 {"user":"ada"}', 0])
  expect(await send([url.replace('me', 'orders'), 'tea'])).toEqual([
    '201 {"user":"ada","order":"tea"}',
    0,
  ])
  expect((await fetch(url)).status).toBe(401)
  expect(await end(server)).toBe(0)
})

test('the example client prints an error if there is no connection', async () => {
  const env = { ...process.env, MAC_ID: 'ada', MAC_KEY: 'only-for-tests' }
  const args = ['http://localhost:1/']
  const { err, status } = await runToEnd(join(EXAMPLES, 'client.ts'), { cwd: ROOT, env, args })
  expect(err).toContain('Error')
  expect(status).toBe(2)
})

/** Starts an example server, and returns a function that runs the client as the server printed it. */
async function startExample(name: string) {
  const server = start(join(EXAMPLES, name), ROOT)
  const { env, url } = readCall(await lineOf(server), 'npx bun docs/examples/client.ts')
  async function send(args: readonly string[]) {
    const { out, status } = await runToEnd(join(EXAMPLES, 'client.ts'), { cwd: ROOT, env, args })
    return [out, status]
  }
  return { server, send, url }
}

function folderWithPackage() {
  const folder = temporaryFolder()
  mkdirSync(folder.path('node_modules'))
  symlinkSync(ROOT, folder.path('node_modules/withmac'))
  return folder
}

function start(script: string, cwd: string): ChildProcess {
  const { MAC_DATABASE_URL: _, ...env } = process.env
  return spawn(process.execPath, [script], {
    cwd,
    env: { ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** Returns the first line that a process prints. */
async function lineOf({ stdout }: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text.split('\n')[0] ?? ''
}

/** Parses the printed line that calls the client. */
function readCall(line: string, command: string) {
  const [, MAC_ID = '', MAC_KEY = '', called, url = ''] =
    /MAC_ID=(\S+) MAC_KEY=(\S+) (.*) (\S+)$/.exec(line) ?? []
  expect(called).toBe(command)
  return { env: { ...process.env, MAC_ID, MAC_KEY }, url }
}

function end(server: ChildProcess): Promise<number | null> {
  const ended = endOf(server)
  server.kill()
  return ended
}
