// react-router-serve takes its own scheme for the client's. Behind a proxy that ends TLS, ORIGIN names
// what clients sign, such as https://orders.example.com; without a proxy it is left out.
import { createMac } from 'withmac'

export const { withMac } = createMac({ origin: process.env.ORIGIN })
