// MAC_ID=… MAC_KEY=… npx bun docs/examples/client.ts URL [BODY]
import { createMacFetch, MacError } from 'withmac/client'

const { MAC_ID: id = '', MAC_KEY: key = '' } = process.env
const [url = 'http://localhost:3000/', body] = process.argv.slice(2)
const macFetch = createMacFetch({ id, key }, { body: true })

try {
  const answer = await macFetch(url, body === undefined ? {} : { method: 'POST', body })
  console.log(answer.status, await answer.text())
  if (answer.status === 429) console.log(`Wait ${answer.headers.get('retry-after')} seconds.`)
  process.exitCode = answer.ok ? 0 : 1
} catch (error) {
  if (error instanceof MacError && error.code === 'ERR_MAC_CLIENT_ANSWER_LOST') {
    console.error('The request was probably carried out. Check before you send it again.')
  } else {
    console.error(String(error)) // no connection, or a request that cannot be signed
  }
  process.exitCode = 2
}
