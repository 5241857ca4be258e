import { plugin as websockets } from 'crossws/server'
import { H3, redirect, serve } from 'h3'
import { getMac } from 'withmac'
import { live } from './live.ts'
import { addRoutes } from './more-routes.ts'
import { showOrders, takeOrder } from './orders.ts'
import { signed } from './signed.ts'

const app = new H3()
app.use('/account/**', signed)
app.get('/account', ({ req }) => ({ user: getMac(req)?.user }))
app.post('/account', async ({ req }) => ({ user: getMac(req)?.user, order: await req.json() }))
app.get('/orders', showOrders).post('/orders', takeOrder)
app.get('/old-orders', () => redirect('/orders?page=2'), { middleware: [signed] })
app.get('/live', live, { middleware: [signed] })
addRoutes(app)
serve(app, { plugins: [websockets({})] })
