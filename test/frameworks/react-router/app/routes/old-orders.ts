import { redirect } from 'react-router'
import { mac } from '../mac.server'

export const loader = mac.withMac(() => redirect('/orders?page=2'))
