/** A value of which nothing is known, looked at by its shape. */
type Shape = Readonly<Record<string, unknown>> | null | undefined

/**
 * The address that a client's connection comes from, as servers show it to handlers: Bun's and Deno's
 * second argument, node:http's request in that of @hono/node-server, srvx's request, SvelteKit's event
 * and Astro's context. `undefined` where none of them does.
 */
export function shownAddress(
  request: Request,
  firstArgument: unknown,
  secondArgument: unknown,
): string | undefined {
  const [first, second] = [firstArgument as Shape, secondArgument as Shape]
  for (const place of [
    () => (call(second, 'requestIP', request) as Shape)?.address,
    () => within(second, 'remoteAddr')?.hostname,
    () => within(shownNodeRequest(first, second), 'socket')?.remoteAddress,
    () => call(first, 'getClientAddress'),
    () => first?.clientAddress,
  ]) {
    const address = attempt(place)
    if (typeof address === 'string') return address
  }
  return undefined
}

/** node:http's request, as @hono/node-server and srvx show it to handlers. */
export function shownNodeRequest(first: unknown, second: unknown): Shape {
  return (
    within(second as Shape, 'incoming') ??
    within(within(within(first as Shape, 'runtime'), 'node'), 'req')
  )
}

function within(shape: Shape, name: string): Shape {
  return shape?.[name] as Shape
}

function call(shape: Shape, name: string, ...values: unknown[]): unknown {
  const method = shape?.[name]
  return typeof method === 'function' ? method.apply(shape, values) : undefined
}

/** Some throw where there is no connection, as when pages are made in advance. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch {
    return undefined
  }
}
