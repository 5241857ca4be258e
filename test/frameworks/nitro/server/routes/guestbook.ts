// For everyone. A signed request has a user, an unsigned one is from a stranger.
import { defineHandler } from 'nitro/h3'
import { getMacError } from 'withmac'
import { mac } from '../utils/mac'

export default defineHandler(async (event) => {
  const verdict = await mac.verify(event, { mode: 'optional' })
  if (!verdict.ok) return verdict.response()
  const user = verdict.identity?.user ?? 'stranger'
  if (event.req.method === 'GET') return { user, why: getMacError(event)?.code ?? null }
  return { user, entry: Object.fromEntries(await event.req.formData()) }
})
