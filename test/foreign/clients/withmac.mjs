import { createMacFetch, signHeaders } from '../../../dist/client/index.js'

/*
 * withmac/client sends requests to another server. Its argument has the URL of the server and the credentials,
 * as JSON. It prints how many requests passed, and how the others ended.
 */

const { url, credentials } = JSON.parse(process.argv[2])
const [sha256, sha1] = credentials.map(({ id, key, algorithm }) => ({ id, key, algorithm }))
const body = '{"what":"thé"}'

const TARGETS = [
  '',
  '/',
  '/orders',
  '/orders?page=2&q=a%20b',
  '/orders?a=1&a=&b&c=3',
  '/a%2Fb/%7Ec?u=%3D%253D&q=a%2Bb',
  '/a%2fb?q=%e2%82%ac',
  '/find?q=a+b,c:d;e@f/g',
  '/a(b)*c!~$?d=(e)*f!~$',
  "/o'neill?q=o'neill",
  '/find?ids[]=1&ids[]=2',
  '/find?q=a|b^c{d}"e"<f>',
  '/a b?c d',
  '/a;v=1/b;w=2',
  '/café?q=ü',
  '/a/../b/./c',
  '/a//b/',
  '/orders#top',
]
const BODIES = ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => ['/orders', { method, body }])

const failures = []
let passed = 0
await sendAll(createMacFetch(sha256), [...TARGETS.map((target) => [target]), ...BODIES], '')
await sendAll(createMacFetch(sha1), [['/orders?page=2']], ' with SHA-1')
await sendAll(createMacFetch(sha256, { body: true }), BODIES, ' with the digest of the body')
await sendAll(createMacFetch(sha256, { ext: 'a,b,c' }), [['/orders']], ' with ext')

const key = 'another-key-that-holds-128-bits'
const wrongKey = await createMacFetch({ ...sha256, key })(`${url}/orders`)
const headers = { ...signHeaders({ method: 'GET', url: `${url}/orders` }, sha256) }
const changedTarget = await fetch(`${url}/orders0`, { headers })
const first = await fetch(`${url}/orders`, { headers })
const replay = await fetch(`${url}/orders`, { headers })
const controls = [wrongKey, changedTarget, first, replay].map(({ status }) => status)
console.log(JSON.stringify({ passed, failures, controls }))

async function sendAll(macFetch, requests, how) {
  for (const [target, init = {}] of requests) {
    const name = `${init.method ?? 'GET'} ${target}${how}`
    try {
      const answer = await macFetch(`${url}${target}`, init)
      const text = await answer.text()
      if (answer.status === 200 && text === `${init.method ?? 'GET'} ${init.body ?? ''}`) passed++
      else failures.push(`${name}: ${answer.status} ${text}`)
    } catch (error) {
      failures.push(`${name}: ${error.message}`)
    }
  }
}
