// live.ts
import { defineWebSocketHandler } from 'h3'
import { getMac } from 'withmac'

/** A WebSocket: app.get('/live', live, { middleware: [signed] }) */
export const live = defineWebSocketHandler((event) => {
  const user = getMac(event)?.user
  return { open: (peer) => void peer.send(`hello ${user}`) }
})
