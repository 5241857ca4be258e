import type { NextConfig } from 'next'

export default {
  rewrites: async () => [{ source: '/latest-orders', destination: '/orders' }],
} satisfies NextConfig
