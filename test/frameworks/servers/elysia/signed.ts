// signed.ts: new Elysia().use(signed).get('/orders', ({ mac }) => mac.user)
import { Elysia } from 'elysia'
import { createMac } from 'withmac'

export const mac = createMac({ body: 'optional', maxBodyBytes: 250_000 })

/** Routes that are added after `.use(signed)` need a signature. `mac` is the identity. */
export const signed = new Elysia({ name: 'signed' }).resolve(
  { as: 'scoped' },
  async ({ request }) => {
    const verdict = await mac.verify(request)
    // Thrown: if it were returned, Elysia would go on.
    if (!verdict.ok) throw await verdict.response()
    return { mac: verdict.identity }
  },
)
