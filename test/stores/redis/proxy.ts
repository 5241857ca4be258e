import { connect, createServer, type Socket } from 'node:net'

/** A proxy between a server and Redis that can lose what it should pass on. */
export interface Proxy extends AsyncDisposable {
  readonly url: string
  /**
   * `open` passes everything on, `mute` passes nothing back to the server, `hole` passes nothing at all. Connections
   * stay open.
   */
  mode: 'open' | 'mute' | 'hole'
}

export async function startProxy(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((client) => {
    const redis = connect(port, '127.0.0.1')
    keep(client)
    keep(redis)
    client.on('data', (data) => proxy.mode !== 'hole' && redis.write(data))
    redis.on('data', (data) => proxy.mode === 'open' && client.write(data))
    client.on('close', () => redis.destroy())
    redis.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const own = typeof address === 'object' ? address?.port : 0
  const proxy: Proxy = {
    url: `redis://127.0.0.1:${own}`,
    mode: 'open',
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
  return proxy
}
