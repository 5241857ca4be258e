import { openStore } from '../../src/store/open.ts'

/** Writes so much to a database that SQLite makes checkpoints. LAST says how it ends: `close` or `exit`. */
const { DATABASE = '', LAST } = process.env
const store = await openStore({ path: DATABASE, driver: 'own' })
const now = Math.floor(Date.now() / 1000)
for (let batch = 0; batch < 100; batch++) {
  const nonces = Array.from({ length: 64 }, () => crypto.randomUUID())
  await Promise.all(
    nonces.map((nonce) =>
      store.nonces.record({ timestamp: now, credential: 'ada', keyNumber: 1, nonce, now }),
    ),
  )
}
console.log('wrote')
if (LAST === 'close') {
  await store.close()
  console.log('closed')
}
if (LAST === 'exit') process.exit()
