import { createMac, getMac, type MacOptions, type WithMacOptions } from '../../src/index.ts'
import { listen } from './listen.ts'

/**
 * The options of a server in its own process: see `startServer`. The first argument has them as JSON.
 * The process prints its port, and then a line for each rejected request.
 */
export interface ServerOptions {
  readonly database: string
  readonly mode?: WithMacOptions['mode']
  readonly windowSeconds?: number
  readonly origin?: string
  readonly clockOffset?: MacOptions['clockOffset']
  readonly rateLimit?: MacOptions['rateLimit']
  /** If root starts the process: the user that it changes to before it opens the database. */
  readonly user?: number
}

if (import.meta.main) {
  const { mode, user, ...options } = JSON.parse(process.argv[2] ?? '{}') as ServerOptions
  if (user !== undefined && process.getuid?.() === 0) await become(user)
  const mac = createMac({
    ...options,
    onReject: ({ code, message }) => console.log(JSON.stringify({ code, message })),
  })
  const app = (request: Request) => new Response(`hello ${getMac(request)?.user}`)
  if (options.rateLimit !== undefined) await mac.ready()
  const server = await listen(mac.withMac(app, { mode }))
  console.log(server.port)
}

/** Gives up the rights of root. Loads the driver first, because the user may not read the checkout. */
async function become(user: number): Promise<void> {
  await createMac({ database: 'sqlite::memory:' }).ready()
  process.setgroups?.([])
  process.setgid?.(user)
  process.setuid?.(user)
}
