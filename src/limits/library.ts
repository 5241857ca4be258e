/// <reference path="./rate-limiter-flexible.d.ts" />

type Library = typeof import('rate-limiter-flexible')

// Each class is loaded when it is needed, and by itself: the whole package would bring what bundlers
// cannot put into a module for Node.

/** Counts in Redis. */
export async function redisLimiter(): Promise<Library['RateLimiterRedis']> {
  return (await import('rate-limiter-flexible/lib/RateLimiterRedis.js')).default
}

/** Counts in PostgreSQL. */
export async function postgresLimiter(): Promise<Library['RateLimiterPostgres']> {
  return (await import('rate-limiter-flexible/lib/RateLimiterPostgres.js')).default
}

/** All that it is told of a budget: how large one is, is held against what it counted. */
export const ANY_BUDGET: {
  readonly points: number
  readonly duration: number
  readonly keyPrefix: string
} = Object.freeze({ points: 1, duration: 60, keyPrefix: 'withmac' })
