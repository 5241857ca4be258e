import { serve } from '@hono/node-server'
import app from './placed.ts'

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT) })
process.on('SIGTERM', () => server.close())
