// A page cannot be wrapped itself; the guard in hooks.server.ts comes before its load function.
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = ({ locals }) => ({ user: locals.user })
