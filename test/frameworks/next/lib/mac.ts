// lib/mac.ts
import { createMac } from 'withmac'

// Next.js shows its own address in request.url. ORIGIN is the one that clients call, also behind a proxy.
export const mac = createMac({
  origin: process.env.ORIGIN ?? 'http://localhost:3000',
  body: 'optional',
})
