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
}

if (import.meta.main) {
  const { mode, ...options } = JSON.parse(process.argv[2] ?? '{}') as ServerOptions
  const mac = createMac({
    ...options,
    onReject: ({ code, message }) => console.log(JSON.stringify({ code, message })),
  })
  const app = (request: Request) => new Response(`hello ${getMac(request)?.user}`)
  if (options.rateLimit !== undefined) await mac.ready()
  const server = await listen(mac.withMac(app, { mode }))
  console.log(server.port)
}
