import type { APIRoute } from 'astro'
import { mac } from '../mac'

export const GET: APIRoute = mac.withMac(({ redirect }) => redirect('/orders?page=2'))
