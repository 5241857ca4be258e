// mac.ts
import { createMac } from 'withmac'

export const mac = createMac({ origin: process.env.ORIGIN, body: 'optional' })
