import { createMac, getMac } from 'withmac'

/* Bun's routes with withMac alone, without mac.routes: an attacker can choose another handler under `*`. */

const mac = createMac()
Bun.serve({
  routes: {
    '/orders': mac.withMac((request) => Response.json({ user: getMac(request).user, page: null })),
    '/account/*': mac.withMac((request) => Response.json({ user: getMac(request).user })),
  },
})
