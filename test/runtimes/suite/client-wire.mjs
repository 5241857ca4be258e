import { createServer } from 'node:net'
import { wireMethod, wireTarget } from 'withmac/client'
import { check, note } from './checks.mjs'
import { config } from './this-runtime.mjs'
import { readVectors } from './vectors.mjs'

/**
 * Checks what the fetch of this runtime sends for awkward URLs and methods. It must be what the client signs.
 * If the client refuses a URL, fetch must really change it.
 */
export async function clientWire() {
  const { targets, methods } = readVectors('awkward-urls')
  const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
  const each = characters.flatMap((character) => [`/a${character}b`, `/?a${character}b`])
  const server = await listen()
  const refused = []
  for (const target of [...targets, ...each]) {
    const url = server.base + target
    const expected = signable(() => wireTarget(url))
    const sent = await server.lineOf(url)
    if (expected === null) {
      refused.push(target)
      const { href, origin } = new URL(url)
      const standard = href.slice(origin.length).replace(/#.*/, '')
      check(`${target}, refused, is changed`, sent !== `GET ${standard} HTTP/1.1`, true)
    } else check(`the target ${target}`, sent, `GET ${expected} HTTP/1.1`)
  }
  check(
    'the targets that are refused',
    refused,
    targets.filter(CHANGED[config.name] ?? (() => false)),
  )
  note(`fetch would change ${refused.length} of ${targets.length + each.length} targets: refused`)
  for (const method of methods) {
    const expected = signable(() => wireMethod(method))
    if (expected === null) continue
    const sent = await server.lineOf(`${server.base}/x`, { method: expected })
    check(`the method ${method}`, sent, `${expected} /x HTTP/1.1`)
  }
  server.close()
}

const startsWithTwo = (target) =>
  /^(?:[/\\]|\/(?:\.|\.\.|%2e)\/)[/\\]/.test(target) || /^\\\\/.test(target)
const endsWithMark = (target) => /^[^?#]*\?(?:#.*)?$/.test(target)
/** Which targets the fetch of a runtime changes. */
const CHANGED = {
  bun: startsWithTwo,
  'node-18': endsWithMark,
  'node-20': endsWithMark,
  'node-22': endsWithMark,
}

function signable(work) {
  try {
    return work()
  } catch (error) {
    check('the error has a code', /^ERR_MAC_CLIENT_(?:URL|METHOD)$/.test(error.code), true)
    return null
  }
}

async function listen() {
  let line = null
  const server = createServer((socket) => {
    let head = ''
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      head += chunk
      if (!head.includes('\r\n\r\n')) return
      line = head.slice(0, head.indexOf('\r\n'))
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    async lineOf(url, init) {
      line = null
      await (await fetch(url, init)).text()
      return line
    },
    close: () => server.close(),
  }
}
