import { redirect } from '@sveltejs/kit'
import { withMac } from 'withmac'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = withMac(() => redirect(307, '/orders?page=2'))
