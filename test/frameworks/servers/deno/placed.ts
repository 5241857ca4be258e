import app from '../hono/placed.ts'

Deno.serve({ port: Number(Deno.env.get('PORT')) }, app.fetch)
