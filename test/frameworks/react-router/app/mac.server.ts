// app/mac.server.ts: react-router-serve assumes its own scheme. Behind a proxy that ends TLS, ORIGIN is the origin
// that clients sign, such as https://orders.example.com. Without a proxy it is not set.
import { createMac } from 'withmac'

export const mac = createMac({ origin: process.env.ORIGIN, body: 'optional' })
