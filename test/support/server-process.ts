import { createMac, getMac, type MacOptions, type WithMacOptions } from '../../src/index.ts'
import { listen } from './listen.ts'

/**
 * A server in a process of its own: see `startServer`. The first argument holds its options as JSON.
 * It prints its port, then a line for each refusal.
 */
export interface ServerOptions {
  readonly database: string
  readonly mode?: WithMacOptions['mode']
  readonly windowSeconds?: number
  readonly origin?: string
  readonly clockOffset?: MacOptions['clockOffset']
  readonly rateLimit?: MacOptions['rateLimit']
  /** The user that it becomes before it opens the database, if it is started by the superuser. */
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

/** Gives up the superuser's rights. What is read from the checkout is read before: others may not enter it. */
async function become(user: number): Promise<void> {
  await createMac({ database: 'sqlite::memory:' }).ready()
  process.setgroups?.([])
  process.setgid?.(user)
  process.setuid?.(user)
}
