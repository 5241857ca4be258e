import { type RouteConfig, route } from '@react-router/dev/routes'

export default [
  route('orders', 'routes/orders.ts'),
  route('guestbook', 'routes/guestbook.ts'),
  route('account', 'routes/account.ts'),
  route('old-orders', 'routes/old-orders.ts'),
] satisfies RouteConfig
