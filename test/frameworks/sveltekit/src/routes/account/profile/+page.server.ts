// A page cannot be wrapped. The guard in hooks.server.ts runs before its load function.
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals }) => ({ user: locals.user })
