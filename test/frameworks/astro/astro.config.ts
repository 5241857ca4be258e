import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'standalone' }),
  // Behind a proxy that ends TLS, Astro otherwise rejects forms, because their Origin is https.
  security: { allowedDomains: [{ protocol: 'https', hostname: 'orders.example.com' }] },
})
