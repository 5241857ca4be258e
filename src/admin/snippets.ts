import type { MacAlgorithm } from '../protocol/signature.ts'

/** What a snippet signs with, and where it sends its request. */
export interface SnippetSubject {
  /** Printable ASCII without `"` and `\`, like the key. */
  readonly id: string
  readonly key: string
  readonly algorithm: MacAlgorithm
  /** An absolute URL. */
  readonly url: string
}

/** A program that sends a signed request, for people to copy. */
export interface Snippet {
  readonly name: string
  /** How to run it. */
  readonly hint: string
  readonly code: string
}

/** Returns a program that sends one signed request, in each of four languages. */
export function snippets(subject: SnippetSubject): readonly Snippet[] {
  return [
    { name: 'curl and openssl', hint: 'Paste this into a shell.', code: shell(subject) },
    {
      name: 'TypeScript',
      hint: 'Save it as request.ts in a project that has withmac, and run it: bun request.ts',
      code: typescript(subject),
    },
    {
      name: 'Python',
      hint: 'Save it as request.py, and run it: python3 request.py',
      code: python(subject),
    },
    {
      name: 'Ruby',
      hint: 'Save it as request.rb, and run it: ruby request.rb',
      code: ruby(subject),
    },
  ]
}

function shell({ id, key, algorithm, url }: SnippetSubject): string {
  const { origin, hostname, protocol, port, pathname, search } = new URL(url)
  const signedPort = port || (protocol === 'https:' ? '443' : '80')
  const target = inShell(pathname + search)
  const hash = algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
  return `MAC_ID=${inShell(id)} MAC_KEY=${inShell(key)}
target=${target}
ts=$(date +%s) nonce=$(openssl rand -hex 16)
mac=$(printf '%s\\n' "$ts" "$nonce" GET "$target" ${inShell(hostname)} ${signedPort} '' |
  openssl dgst -${hash} -mac HMAC -macopt "key:$MAC_KEY" -binary | base64)
curl -sS -i ${inShell(origin)}"$target" \\
  -H "Authorization: MAC id=\\"$MAC_ID\\", ts=\\"$ts\\", nonce=\\"$nonce\\", mac=\\"$mac\\""
`
}

function typescript({ id, key, algorithm, url }: SnippetSubject): string {
  const other = algorithm === 'hmac-sha-256' ? '' : `, algorithm: '${algorithm}'`
  return `import { createMacFetch } from 'withmac/client'

const macFetch = createMacFetch({ id: "${id}", key: "${key}"${other} })
const answer = await macFetch(${JSON.stringify(url)})
console.log(answer.status, await answer.text())
`
}

function python({ id, key, algorithm, url }: SnippetSubject): string {
  const hash = algorithm === 'hmac-sha-1' ? 'sha1' : 'sha256'
  return `import base64, hashlib, hmac, secrets, time
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

key_id = "${id}"
key = "${key}"
url = ${JSON.stringify(url)}

parts = urlsplit(url)
ts, nonce = str(int(time.time())), secrets.token_hex(16)
target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
port = parts.port or (443 if parts.scheme == "https" else 80)
lines = [ts, nonce, "GET", target, parts.hostname, str(port), ""]
text = "".join(f"{line}\\n" for line in lines)
digest = hmac.new(key.encode(), text.encode(), hashlib.${hash}).digest()
mac = base64.b64encode(digest).decode()
header = f'MAC id="{key_id}", ts="{ts}", nonce="{nonce}", mac="{mac}"'
with urlopen(Request(url, headers={"Authorization": header})) as answer:
    print(answer.status, answer.read().decode())
`
}

function ruby({ id, key, algorithm, url }: SnippetSubject): string {
  const hash = algorithm === 'hmac-sha-1' ? 'SHA1' : 'SHA256'
  return `require 'net/http'
require 'openssl'
require 'securerandom'

id = ${inRuby(id)}
key = ${inRuby(key)}
uri = URI(${inRuby(url)})

ts, nonce = Time.now.to_i, SecureRandom.hex(16)
lines = [ts, nonce, 'GET', uri.request_uri, uri.host.downcase, uri.port, '']
text = lines.map { |line| "#{line}\\n" }.join
mac = [OpenSSL::HMAC.digest('${hash}', key, text)].pack('m0')
header = %(MAC id="#{id}", ts="#{ts}", nonce="#{nonce}", mac="#{mac}")
request = Net::HTTP::Get.new(uri, 'Authorization' => header)
http = Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https')
answer = http.request(request)
puts "#{answer.code} #{answer.body}"
`
}

/** In single quotes, in which a shell changes nothing. */
function inShell(text: string): string {
  return /^[\w./:?=&-]+$/.test(text) && !/[?&=]/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`
}

/** In single quotes, in which Ruby replaces nothing. A backslash cannot occur in an identifier or a key. */
function inRuby(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`
}
