/** The requests that each client sends: a name for the page, and what differs from a GET of `/orders`. */

const HTTP = 'http://api.example.com'
const HTTPS = 'https://api.example.com'
const json = { 'Content-Type': 'application/json' }
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** `RELAY` in a URL is the port of the relay: the only one that the client really connects to. */
export const REQUESTS = [
  { name: 'a path', url: `${HTTP}/orders` },
  { name: 'a query', url: `${HTTP}/orders?page=2&q=a%20b` },
  { name: 'a query given as parameters', url: `${HTTP}/orders`, params: { page: '2', q: 'a b' } },
  { name: 'the same name twice, empty values', url: `${HTTP}/orders?a=1&a=&b&c=3` },
  { name: 'escapes: `%2F`, `%7E`, `%3D%253D`', url: `${HTTP}/a%2Fb/%7Ec?u=%3D%253D&q=a%2Bb` },
  { name: 'escapes in lower case: `%2f`, `%e2`', url: `${HTTP}/a%2fb?q=%e2%82%ac` },
  { name: '`+ , : ; @ /` in a query', url: `${HTTP}/find?q=a+b,c:d;e@f/g` },
  { name: '`( ) * ! ~ $`', url: `${HTTP}/a(b)*c!~$?d=(e)*f!~$` },
  { name: "`'` in a path", url: `${HTTP}/o'neill` },
  { name: "`'` in a query", url: `${HTTP}/find?q=o'neill` },
  { name: '`%27` and `%3B`', url: `${HTTP}/a%3Bv=1?q=o%27neill` },
  { name: '`[ ]` in a query', url: `${HTTP}/find?ids[]=1&ids[]=2` },
  { name: '`| ^ { }` and `"` in a query', url: `${HTTP}/find?q=a|b^c{d}"e"` },
  { name: 'a space in a path', url: `${HTTP}/a b` },
  { name: '`;parameters` in a path', url: `${HTTP}/a;v=1/b;w=2` },
  { name: 'UTF-8, escaped', url: `${HTTP}/caf%C3%A9?q=%C3%BC` },
  { name: 'UTF-8, as it is', url: `${HTTP}/café?q=ü` },
  { name: 'a bare `?`', url: `${HTTP}/orders?` },
  { name: 'a fragment', url: `${HTTP}/orders#top` },
  { name: 'dot segments', url: `${HTTP}/a/../b/./c` },
  { name: 'two slashes', url: `${HTTP}/a//b/` },
  { name: 'an empty path', url: HTTP },
  { name: 'an empty path and a query', url: `${HTTP}?page=2` },
  { name: 'another port', url: 'http://127.0.0.1:RELAY/orders?page=2' },
  { name: 'port 80, written', url: `${HTTP}:80/orders` },
  { name: 'HTTPS', url: `${HTTPS}/orders?page=2` },
  { name: 'HTTPS on another port', url: `${HTTPS}:8443/orders` },
  { name: 'a host in upper case', url: 'http://API.Example.COM/orders' },
  { name: 'an IPv6 address', url: 'http://[2001:db8::7]:8080/orders' },
  {
    name: 'POST, JSON',
    method: 'POST',
    url: `${HTTP}/orders`,
    body: '{"what":"tea"}',
    headers: json,
  },
  {
    name: 'POST, form',
    method: 'POST',
    url: `${HTTP}/orders?a=1`,
    body: 'what=tea',
    headers: form,
  },
  {
    name: 'POST, UTF-8',
    method: 'POST',
    url: `${HTTP}/orders`,
    body: '{"what":"thé"}',
    headers: json,
  },
  { name: 'PUT', method: 'PUT', url: `${HTTP}/orders/1`, body: '{}', headers: json },
  { name: 'PATCH', method: 'PATCH', url: `${HTTP}/orders/1`, body: '{}', headers: json },
  { name: 'DELETE', method: 'DELETE', url: `${HTTP}/orders/1` },
  { name: 'hmac-sha-1', url: `${HTTP}/orders?page=2`, algorithm: 'hmac-sha-1' },
  { name: 'a redirect', url: `${HTTP}/moved`, redirect: true },
]

/** rack-oauth2 can put a digest of the body into `ext`. The server has a function `ext` that checks it. */
export const DIGEST = {
  name: 'POST with `ext_verifier`',
  method: 'POST',
  url: `${HTTP}/orders`,
  body: 'what=tea',
  headers: form,
  digest: true,
}

/** The default of oauthlib is draft 00. */
export const DRAFT_00 = { name: 'without `draft=1`', url: `${HTTP}/orders`, draft: 0 }

/** The requests that smsglobal makes: a method of it, with its arguments. Its URLs are built in. */
export const SMSGLOBAL_REQUESTS = [
  { name: '`sms.getAll`', call: ['sms', 'getAll'] },
  {
    name: '`sms.getAll`: numbers and words',
    call: ['sms', 'getAll', { limit: 5, status: 'sent' }],
  },
  {
    name: '`sms.getAll`: a time or a space',
    call: ['sms', 'getAll', { startDate: '2026-11-01 08:00:00' }],
  },
  { name: '`sms.getAll`: UTF-8', call: ['sms', 'getAll', { search: 'café' }] },
  { name: "`sms.getAll`: `'`", call: ['sms', 'getAll', { search: "o'neill" }] },
  { name: '`sms.get`', call: ['sms', 'get', '6746514019161950'] },
  { name: '`sms.get`: a space', call: ['sms', 'get', 'a b'] },
  { name: '`sms.delete`', call: ['sms', 'delete', '6746514019161950'] },
  {
    name: '`sms.send`',
    call: ['sms', 'send', { origin: 'tea', destination: '61400000000', message: 'thé' }],
  },
  {
    name: '`otp.send`',
    call: ['otp', 'send', { origin: 'tea', destination: '61400000000', message: '{*code*} is it' }],
  },
  {
    name: '`otp.verifyByRequestId`',
    call: ['otp', 'verifyByRequestId', '404372541683674336263499', '1234'],
  },
  { name: 'another port', call: ['sms', 'getAll'], base: 'https://api.smsglobal.com:8443/v2' },
]
