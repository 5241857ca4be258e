import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { BASH, CURL, testWith } from './support/needs.ts'
import { expect, test } from './support/runner.ts'

const DEMO = join(import.meta.dirname, '../docs/examples/demo/start.ts')

test('the demo prints each exchange, removes its folder and ends with status 0', async () => {
  const demo = start(['--once'])
  const output = await new Response(demo.stdout).text()
  expect(await demo.exited).toBe(0)
  const statuses = [...output.matchAll(/< HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)
  expect(statuses).toEqual(['401', '200', '401', '401', '401', '401', '200'])
  expect(output.match(/as expected/g)).toHaveLength(7)
  expect(output).toContain('< hello ada')
  const folder = /nonces are in (\S+)/.exec(output)?.[1] ?? ''
  expect(folder).toContain('withmac-demo-')
  expect(existsSync(folder)).toBe(false)
})

const ifCurl = await testWith(BASH, CURL)

ifCurl('the curl line of the demo works once, and Enter prints another', async () => {
  const demo = start([])
  const lines = curlLines(demo.stdout)
  const first = (await lines.next()).value ?? ''
  expect(await shell(first)).toContain('200 OK')
  expect(await shell(first)).toContain('The nonce was used before')
  demo.stdin.write('\n')
  await demo.stdin.flush()
  const second = (await lines.next()).value ?? ''
  expect(second).not.toBe(first)
  expect(await shell(second)).toContain('hello ada')
  demo.kill('SIGINT')
  expect(await demo.exited).toBe(0)
})

test.each([
  [['--ones'], {}, 'Unknown argument --ones'],
  [['--once'], { PORT: 'http' }, 'PORT is http'],
])('the demo names wrong arguments and variables: %j %j', async (given, env, message) => {
  const demo = start(given, env)
  expect(await new Response(demo.stderr).text()).toContain(message)
  expect(await demo.exited).toBe(2)
})

function start(given: readonly string[], env: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, DEMO, ...given], {
    env: { ...process.env, ...env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

async function* curlLines(output: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of output) {
    text += new TextDecoder().decode(chunk)
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
      const line = text.slice(0, end).trim()
      text = text.slice(end + 1)
      if (line.startsWith('curl ')) yield line
    }
  }
}

function shell(line: string): Promise<string> {
  return new Response(Bun.spawn(['bash', '-c', line], { stderr: 'ignore' }).stdout).text()
}
