// server.mjs: NODE_ENV=production node server.mjs
import { createServer } from 'node:http'
import next from 'next'

const hostname = process.env.HOST ?? 'localhost'
const port = Number(process.env.PORT ?? 3000)
const app = next({ dev: process.env.NODE_ENV !== 'production', hostname, port })
const handle = app.getRequestHandler()
await app.prepare()
createServer((request, response) => {
  request.headers['x-request-target'] = request.url // a client's own value is overwritten
  handle(request, response)
}).listen(port, hostname)
