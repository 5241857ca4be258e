import { dirname, join } from 'node:path'
import type { ServerOptions } from './server-process.ts'

/** A server that runs in a process of its own; it is killed at the end of its scope. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Why requests were refused, so far. */
  readonly rejections: readonly { readonly code: string; readonly message: string }[]
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
}

/** The folder of `server-process.ts`. */
const here = dirname(Bun.fileURLToPath(import.meta.url))

/** @param before A command that runs the server, such as `setpriv` with its arguments. */
export async function startServer(
  options: ServerOptions,
  before: readonly string[] = [],
): Promise<ServerProcess> {
  const script = join(here, 'server-process.ts')
  const child = Bun.spawn([...before, process.execPath, script, JSON.stringify(options)], {
    stdout: 'pipe',
    stderr: 'inherit',
    env: { ...process.env, HOME: '/tmp' },
  })
  const rejections: { code: string; message: string }[] = []
  const lines = readLines(child.stdout)
  const first = await lines.next()
  if (first.done === true) throw new Error('the server ended before it listened')
  const port = Number(first.value)
  const gathering = (async () => {
    for await (const line of lines) rejections.push(JSON.parse(line))
  })()
  const kill = async () => {
    child.kill('SIGKILL')
    await child.exited
    await gathering
  }
  const url = `http://127.0.0.1:${port}`
  return { port, url, rejections, kill, [Symbol.asyncDispose]: kill }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
