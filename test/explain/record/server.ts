// A server that prints the report of each rejected request as one line of JSON, on Bun, Deno and Node.
// Its argument is JSON: host, port, options, credentials, and whether node:http's target is used.
import { createMac, type MacOptions } from '../../../src/index.ts'

interface Settings {
  readonly host: string
  readonly port: number
  readonly options: MacOptions
  readonly credentials: readonly Parameters<ReturnType<typeof createMac>['createCredential']>[]
  readonly received: boolean
}

const { host, port, options, credentials, received } = JSON.parse(
  process.argv.at(-1) ?? '',
) as Settings
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
const mac = createMac({
  database: 'sqlite::memory:',
  ...options,
  onReject: (_error, _request, report) => print(report),
})
for (const credential of credentials) await mac.createCredential(...credential)
const target = (_request: unknown, env: { incoming: { url: string; headers: object } }) =>
  env.incoming
const handler = mac.withMac(
  () => {
    print({ accepted: true })
    return new Response('accepted\n')
  },
  received ? { requestTarget: target as never } : {},
)
const fetch = handler as (request: Request) => Promise<Response>
const deno = (globalThis as { Deno?: { serve(options: object, handler: unknown): unknown } }).Deno
if (deno !== undefined) {
  deno.serve(
    { hostname: host, port, onListen: () => print({ listening: true }) },
    (request: Request) => fetch(request),
  )
} else if (process.versions.bun !== undefined) {
  Bun.serve({ hostname: host, port, fetch: (request) => fetch(request) })
  print({ listening: true })
} else {
  const { serve } = await import('@hono/node-server')
  serve({ fetch: fetch as never, hostname: host, port }, () => print({ listening: true }))
}
