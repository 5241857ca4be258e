// signed.ts
import type { Middleware } from 'h3'
import { mac } from './mac.ts'

/** Accepts only signed requests: app.use('/account/**', signed). Handlers behind it call getMac(event). */
export const signed: Middleware = async (event, next) => {
  const verdict = await mac.verify(event)
  return verdict.ok ? next() : verdict.response()
}
