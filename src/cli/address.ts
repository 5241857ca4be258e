import { misuse } from './failure.ts'

/**
 * The URL that a command was given, in the one form that all clients send and all servers show:
 * parsed and written anew, without fragment, and with `^` encoded, which some clients would do on
 * their own.
 *
 * @throws Failure where it is no `http` or `https` URL, or holds a user and password, which would go
 *   into an `Authorization` header of their own.
 */
export function readAddress(text: string): string {
  const url = parse(text)
  if (url.username !== '' || url.password !== '') {
    throw misuse(
      'the URL holds a user and a password: they take the Authorization header, which the signature needs.',
    )
  }
  url.hash = ''
  return url.href.replaceAll('^', '%5E')
}

function parse(text: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw misuse(`${text} is no URL: write it whole, such as http://localhost:3000/.`)
  }
  if (url.protocol === 'http:' || url.protocol === 'https:') return url
  if (url.protocol === 'ws:' || url.protocol === 'wss:') {
    url.protocol = url.protocol === 'ws:' ? 'http:' : 'https:'
    throw misuse(`a WebSocket starts as a GET request, which is signed: write ${url.href}.`)
  }
  throw misuse(
    `${text} is no http or https URL: write it whole, such as http://${text.replace(/^[a-z]+:\/\//, '')}.`,
  )
}
