import { Command, InvalidArgumentError } from 'commander'
import type { Mac } from '../../mac.ts'
import { plain } from '../../protocol/terminal-text.ts'
import { checkNonces, findPlace, warnOfMemory, withMacOf } from '../database.ts'
import { misuse } from '../failure.ts'
import { examples, pasted } from '../help.ts'
import { operator } from '../operator.ts'
import type { PlaceOptions } from '../place.ts'
import type { Terminal } from '../terminal/terminal.ts'

interface AdminOptions extends PlaceOptions {
  readonly port: number
}

/** How often the command looks whether the page is still used, in milliseconds. */
const LOOK_EVERY = 10_000

export function adminCommand(terminal: Terminal): Command {
  return new Command('admin')
    .summary('serves a page to manage credentials, on this machine')
    .description(
      'Serves a page on 127.0.0.1 to manage the credentials of the database, and prints a link that works once. If the database does not exist, it is created. Ctrl-C ends it.',
    )
    .option('--port <port>', 'the port (default: a free one)', readPort, 0)
    .addHelpText(
      'after',
      examples(
        ['withmac admin', 'prints a link; it opens nothing by itself'],
        ['withmac admin --port 4000', 'for a port that is forwarded through SSH'],
      ),
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<AdminOptions>()
      const { port } = options
      const place = await findPlace(options)
      warnOfMemory(place, terminal)
      await checkNonces(place)
      const serve = async (_: Mac, mac: Mac) => {
        // Loaded lazily: no other command needs them.
        const { Gate, IDLE_HOURS } = await import('../admin/gate.ts')
        const { Loopback } = await import('../admin/loopback.ts')
        const { createAdmin } = await import('../../admin/index.ts')
        const { getMac } = await import('../../server/identity.ts')
        const actor = operator()
        const server = await Loopback.open(port).catch((error) => {
          throw unusablePort(error, port)
        })
        const gate = new Gate({ port: server.port, restart: pasted('admin') })
        const admin = createAdmin(mac, {
          authorize: (request) => (gate.hasSession(request) ? actor : null),
          basePath: gate.basePath,
          onError: ({ code, message }) => terminal.complain(`a page failed: ${message}`, code),
        })
        // So that the requests that the page shows after a key work as pasted.
        const greet = mac.withMac((request) => new Response(`hello ${getMac(request)?.user}\n`))
        server.serve(
          (request) => (isSigned(request) ? greet(request) : gate.enter(request, admin)),
          (error) => terminal.complain(`a page failed: ${messageOf(error)}`, 'ERR_CLI_INTERNAL'),
        )
        const ended = endOfUse(() => gate.isOver)
        const url = `${server.origin}${gate.link}`
        const { path, existed } = place
        terminal.give({ url, path, created: !existed }, () => [
          `The admin page of ${plain(path)}${existed ? '' : ', which was created'}:`,
          '',
          `  ${terminal.colors.cyan(url)}`,
          '',
          `The link works once, in one browser on this machine. Ctrl-C ends the page; so do ${IDLE_HOURS} hours without use.`,
        ])
        if ((await ended) === 'idle') {
          terminal.note(`The admin page was not used for ${IDLE_HOURS} hours. It has ended.`)
        }
        await server.close()
      }
      await withMacOf(place, serve, true)
    })
}

/** Whether a request has MAC credentials. It needs no session: it only gets the name of its own user. */
function isSigned(request: Request): boolean {
  return /^MAC /i.test(request.headers.get('authorization') ?? '')
}

/** Waits for a signal, such as from Ctrl-C, or until `isOver` returns `true`. */
function endOfUse(isOver: () => boolean): Promise<'signal' | 'idle'> {
  return new Promise((resolve) => {
    const signals = ['SIGINT', 'SIGTERM', ...(process.platform === 'win32' ? [] : ['SIGHUP'])]
    const end = (why: 'signal' | 'idle') => {
      clearInterval(timer)
      // From now on, a second Ctrl-C ends the process at once.
      for (const signal of signals) process.removeListener(signal, onSignal)
      resolve(why)
    }
    const onSignal = () => end('signal')
    const timer = setInterval(() => {
      if (isOver()) end('idle')
    }, LOOK_EVERY)
    for (const signal of signals) process.on(signal, onSignal)
  })
}

function unusablePort(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE' || (error as Error).name === 'AddrInUse') {
    return misuse(`port ${port} is in use: choose another one, or leave --port out.`)
  }
  if (code === 'EACCES') return misuse(`you may not use port ${port}: choose one above 1023.`)
  return error
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^[0-9]{1,5}$/.test(text) && port <= 65_535) return port
  throw new InvalidArgumentError('It must be a number from 0 to 65535.')
}
