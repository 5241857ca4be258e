import { defineHandler, redirect } from 'nitro/h3'
import { mac } from '../utils/mac'

export default defineHandler(async (event) => {
  const verdict = await mac.verify(event)
  return verdict.ok ? redirect('/orders?page=2') : verdict.response()
})
