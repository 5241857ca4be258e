import { readCurl } from './read-curl.ts'
import { readHead } from './read-head.ts'
import { readJson } from './read-json.ts'
import { readLogLine } from './read-log.ts'
import type { SeenRequest } from './seen.ts'

/** The longest text that is read, in characters. */
const LONGEST = 1_048_576

/**
 * Reads a request as somebody saw it, in one of these forms:
 *
 * - JSON: a report of `onReject`, or an object with `method`, `url` and `headers` (an object, or a
 *   list of pairs), or a line of a JSON log that holds one as `report`, `req` or `request`;
 * - what `curl -v` prints: of several requests the last that brought an `Authorization` header;
 * - the head of an HTTP/1 request, from its request line on;
 * - a log line of `name=value` pairs: `method`, `url` (or `target` and `host`), `authorization`, and
 *   if they are there `host`, `time`, `code` and header fields by their names; or a request line in
 *   quotes in place of the first two.
 *
 * Where only a target and a `Host` are there, the scheme is taken to be `http`, unless curl tells of TLS.
 *
 * @throws TypeError that says what is missing, or which forms are read.
 */
export function readSeenRequest(text: string): SeenRequest {
  if (text.length > LONGEST)
    throw new TypeError('The text is longer than a request: 1 MiB is read.')
  const trimmed = text.replace(/^\uFEFF/, '').trim()
  const seen = readJson(trimmed) ?? readCurl(trimmed) ?? readHead(trimmed) ?? readLogLine(trimmed)
  if (seen !== null) return seen
  throw new TypeError(
    'This is no request in a form that is read: JSON with method, url and headers; what curl -v ' +
      'prints; the head of an HTTP/1 request; or a log line such as method=GET ' +
      'url=https://api.example.com/ authorization="MAC …".',
  )
}
