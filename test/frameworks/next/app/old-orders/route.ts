import { redirect } from 'next/navigation'
import { mac } from '../../lib/mac'

export const GET = mac.withMac(() => redirect('/orders?page=2'))
