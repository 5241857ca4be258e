import { createServer, type IncomingMessage } from 'node:http'
import type { LambdaEvent } from 'hono/aws-lambda'
import { handler } from './handler.ts'

/*
 * Calls the handler as AWS does: makes an event of each HTTP request, and a response of the result. The variable
 * EVENT says which service it stands for.
 */

const DOMAIN = 'api.example.com'

interface Line {
  readonly method: string
  readonly path: string
  readonly query: string
}

type Shape = Record<string, unknown>

/** The events, as AWS documents them, with what Hono reads. */
const EVENTS: Record<
  string,
  (line: Line, headers: Record<string, string[]>, body: Buffer) => Shape
> = {
  /** API Gateway, REST API, stage `prod`: without the stage in `path`, and with a decoded query. */
  'rest-api'({ method, path, query }, headers, body) {
    return {
      version: '1.0',
      httpMethod: method,
      path: path.replace(/^\/prod(?=\/)/, ''),
      headers: last(headers),
      multiValueHeaders: headers,
      ...queryParameters(new URLSearchParams(query)),
      requestContext: { domainName: DOMAIN, path, stage: 'prod', httpMethod: method },
      ...{ body: body.length > 0 ? body.toString() : null, isBase64Encoded: false },
    }
  },
  /** API Gateway, HTTP API, stage `$default`: with a decoded path, and the query as it was sent. */
  'http-api'({ method, path, query }, headers, body) {
    return {
      version: '2.0',
      rawPath: decodeURIComponent(path),
      rawQueryString: query,
      headers: joined(headers),
      requestContext: { domainName: DOMAIN, stage: '$default', http: { method, path } },
      ...{ body: body.toString('base64'), isBase64Encoded: true },
    }
  },
  /** A function URL: like an HTTP API, but the path is not decoded. */
  'function-url'(line, headers, body) {
    const event = EVENTS['http-api']?.({ ...line, path: '/' }, headers, body)
    return { ...event, rawPath: line.path }
  },
  /** A load balancer: the query is not decoded. */
  alb({ method, path, query }, headers, body) {
    return {
      httpMethod: method,
      path,
      headers: last(headers),
      queryStringParameters: Object.fromEntries(pairs(query)),
      requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:…' } },
      ...{ body: body.toString('base64'), isBase64Encoded: true },
    }
  },
  /** The same with multi-value header fields and parameters. */
  'alb-multi'({ method, path, query }, headers, body) {
    const names = [...new Set(pairs(query).map(([name]) => name))]
    const valuesOf = (name: string) => pairs(query).filter((pair) => pair[0] === name)
    const parameters = names.map((name) => [name, valuesOf(name).map(([, value]) => value)])
    return {
      httpMethod: method,
      path,
      multiValueHeaders: headers,
      multiValueQueryStringParameters: Object.fromEntries(parameters),
      requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:…' } },
      ...{ body: body.toString('base64'), isBase64Encoded: true },
    }
  },
}

const makeEvent = EVENTS[process.env.EVENT ?? '']
if (makeEvent === undefined) throw new Error('EVENT is missing')

createServer(async (request, response) => {
  const body = Buffer.concat(await Array.fromAsync(request))
  const [path = '', query = ''] = (request.url ?? '').split(/\?(.*)/s)
  const event = makeEvent({ method: request.method ?? '', path, query }, fieldsOf(request), body)
  const result = await handler(event as unknown as LambdaEvent, undefined)
  const { statusCode, headers, multiValueHeaders, isBase64Encoded } = result
  response.writeHead(statusCode, headers ?? multiValueHeaders)
  response.end(Buffer.from(result.body, isBase64Encoded ? 'base64' : 'utf8'))
}).listen(Number(process.env.PORT), '127.0.0.1')

function fieldsOf({ headersDistinct }: IncomingMessage): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(headersDistinct).map(([name, values]) => [name, values ?? []]),
  )
}

function last(headers: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, values.at(-1) ?? '']),
  )
}

function joined(headers: Record<string, string[]>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, values.join(',')]),
  )
}

function queryParameters(decoded: URLSearchParams): Shape {
  const all = Object.fromEntries([...decoded.keys()].map((name) => [name, decoded.getAll(name)]))
  if (Object.keys(all).length === 0) {
    return { queryStringParameters: null, multiValueQueryStringParameters: null }
  }
  return {
    queryStringParameters: Object.fromEntries(decoded),
    multiValueQueryStringParameters: all,
  }
}

/** The parameters of a query, not decoded. */
function pairs(query: string): [name: string, value: string][] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return [name, value]
    })
}
