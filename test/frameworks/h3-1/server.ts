import { createServer } from 'node:http'
import {
  createApp,
  createRouter,
  defineEventHandler,
  fromWebHandler,
  readBody,
  toNodeListener,
} from 'h3'
import { getMac } from 'withmac'
import account from './account.ts'
import { mac } from './mac.ts'

const showOrders = mac.withMac((request: Request) => {
  const page = new URL(request.url).searchParams.get('page')
  return Response.json({ user: getMac(request)?.user, page })
})
const takeOrder = mac.withMac(
  async (request: Request) => {
    const order: unknown = await request.json()
    const { user, bodyVerified } = getMac(request) ?? {}
    return Response.json({ user, bodyVerified, order }, { status: 201 })
  },
  { body: 'optional', maxBodyBytes: 250_000 },
)
const router = createRouter()
  .get('/orders', fromWebHandler(showOrders))
  .post('/orders', fromWebHandler(takeOrder))
  .get(
    '/account',
    defineEventHandler(({ context }) => ({ user: context.user })),
  )
  .post(
    '/account',
    defineEventHandler(async (event) => ({
      user: event.context.user,
      order: await readBody(event),
    })),
  )
const app = createApp().use(account).use(router)
createServer(toNodeListener(app)).listen(Number(process.env.PORT), process.env.HOST)
