// server/middleware/account.ts, with h3 1
import { defineEventHandler, getRequestURL } from 'h3'
import { mac } from './mac.ts'

export default defineEventHandler(async (event) => {
  if (!/^\/account(?:[/?]|$)/.test(event.path)) return
  const { method, headers } = event
  const verdict = await mac.verify(new Request(getRequestURL(event), { method, headers }))
  if (!verdict.ok) return verdict.response()
  event.context.user = verdict.identity.user
})
