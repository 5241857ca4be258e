"""Signs and sends one request as Python programs do: argument: JSON. Prints what was signed."""
import base64, hashlib, hmac, json, sys, time, uuid
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlencode, urlsplit, urlunsplit

given = json.loads(sys.argv[1])
mode, lib, url, method = given['mode'], given['lib'], given['url'], given.get('method', 'GET')
key, ident, ext = given['key'].encode(), given['id'], given.get('ext', '')
sent_method, send_url = method, given.get('send', url)
parts = urlsplit(url)
target = parts.path + ('?' + parts.query if parts.query else '')
host = parts.hostname
port = str(parts.port or (443 if parts.scheme == 'https' else 80))
ts, nonce = str(int(time.time())), uuid.uuid4().hex[:8]
signed_ts, signed_ext, sent_ext = ts, ext, ext
between, last, hasher, first = '\n', '\n', hashlib.sha256, ''
order = [0, 1, 2, 3, 4, 5, 6]
encode = lambda digest: base64.b64encode(digest).decode()
write = lambda values: 'MAC ' + ', '.join(f'{n}="{v}"' for n, v in values)

def use(name):
    global target, host, port, key, method, ts, signed_ts, signed_ext, sent_ext, between, last, hasher, order, encode, write, first, send_url
    if name == 'path': target = parts.path
    elif name == 'raw': target = url.split(parts.netloc, 1)[1]
    elif name == 'unquoted': target = unquote(target)
    elif name == 'unquoted-path': target = unquote(parts.path) + ('?' + parts.query if parts.query else '')
    elif name == 'unquoted-query': target = parts.path + '?' + unquote_plus(parts.query)
    elif name == 'quoted': target = quote(target)
    elif name == 'quoted-path': target = quote(parts.path) + '?' + parts.query
    elif name == 'netloc': host = parts.netloc
    elif name == 'parsed-port': port = str(parts.port)
    elif name == 'sorted': target = parts.path + '?' + urlencode(sorted(parse_qsl(parts.query)))
    elif name == 'sorted-raw': target = parts.path + '?' + '&'.join(sorted(parts.query.split('&')))
    elif name == 'urlencoded': target = parts.path + '?' + urlencode(parse_qsl(parts.query))
    elif name == 'values-only': target = parts.path + '?' + urlencode(parse_qsl(parts.query))
    elif name == 'whole': target = url
    elif name == 'fragment': target = target + '#' + parts.fragment
    elif name == 'slash': target = parts.path.rstrip('/') + ('?' + parts.query if parts.query else '')
    elif name == 'written-host': host = parts.netloc.split(':')[0]
    elif name == 'readline': key = key + b'\n'
    elif name == 'crlf-file': key = key + b'\r\n'
    elif name == 'b64': key = base64.b64decode(key)
    elif name == 'b64url': key = base64.urlsafe_b64decode(key + b'=' * (-len(key) % 4))
    elif name == 'hex-key': key = bytes.fromhex(key.decode())
    elif name == 'bom': key = b'\xef\xbb\xbf' + key
    elif name == 'utf16': key = key.decode().encode('utf-16-le')
    elif name == 'env-quotes': key = b'"' + key + b'"'
    elif name == 'single-quotes': key = b"'" + key + b"'"
    elif name == 'space': key = key + b' '
    elif name == 'space-before': key = b' ' + key
    elif name == 'newline-before': key = b'\n' + key
    elif name == 'tab': key = key + b'\t'
    elif name == 'semicolon': key = key + b';'
    elif name == 'label': key = b'Key: ' + key
    elif name == 'bytes-repr': key = repr(key).encode()
    elif name == 'no-padding': key = key.rstrip(b'=')
    elif name == 'b64-again': key = base64.b64encode(key)
    elif name == 'b64-encodebytes': key = base64.encodebytes(key)
    elif name == 'quoted-key': key = quote(key.decode(), safe='').encode()
    elif name == 'hashed-key': key = hashlib.sha256(key).hexdigest().encode()
    elif name == 'hexdigest': encode = lambda digest: digest.hex()
    elif name == 'hex-b64': encode = lambda digest: base64.b64encode(digest.hex().encode()).decode()
    elif name == 'quoted-mac': encode = lambda digest: quote(base64.b64encode(digest).decode(), safe='')
    elif name == 'rstrip-mac': encode = lambda digest: base64.b64encode(digest).decode().rstrip('=')
    elif name == 'repr-mac': encode = lambda digest: str(base64.b64encode(digest))
    elif name == 'half-mac': encode = lambda digest: base64.b64encode(digest[:16]).decode()
    elif name == 'sha1': hasher = hashlib.sha1
    elif name == 'sha512': hasher = hashlib.sha512
    elif name == 'lower': method = method.lower()
    elif name == 'ms': ts = signed_ts = str(int(time.time() * 1000))
    elif name == 'float': ts = signed_ts = repr(round(time.time(), 3))
    elif name == 'ms-signed': signed_ts = ts + '417'
    elif name == 'ms-sent': ts = ts + '417'
    elif name == 'clock-twice': signed_ts = str(int(ts) - 1)
    elif name == 'local-time': ts = signed_ts = str(int(ts) + 7200)
    elif name == 'slow': ts = signed_ts = str(int(ts) - 480)
    elif name == 'crlf': between, last = '\r\n', '\r\n'
    elif name == 'join': last = ''
    elif name == 'crlf-join': between, last = '\r\n', ''
    elif name == 'escaped-n': between = last = '\\n'
    elif name == 'two-lines': last = '\n\n'
    elif name == 'str-none': signed_ext = 'None'
    elif name == 'ext-unsigned': signed_ext = ''
    elif name == 'ext-unsent': sent_ext = ''
    elif name == 'six-lines': order = order[:-1]
    elif name == 'host-port-swapped': order = [0, 1, 2, 3, 5, 4, 6]
    elif name == 'nonce-first': order = [1, 0, 2, 3, 4, 5, 6]
    elif name == 'method-first': order = [2, 3, 4, 5, 0, 1, 6]
    elif name == 'hawk': first, signed_ext = 'hawk.1.header\n', '\n' + signed_ext
    elif name == 'bearer': write = lambda values: 'Bearer ' + ident
    elif name == 'single': write = lambda values: 'MAC ' + ', '.join(f"{n}='{v}'" for n, v in values)
    elif name == 'typographic': write = lambda values: 'MAC ' + ', '.join(f'{n}=\u201c{v}\u201d' for n, v in values)
    elif name == 'no-scheme': write = lambda values: ', '.join(f'{n}="{v}"' for n, v in values)
    elif name == 'semicolons': write = lambda values: 'MAC ' + '; '.join(f'{n}="{v}"' for n, v in values)
    elif name == 'spaces': write = lambda values: 'MAC ' + ' '.join(f'{n}="{v}"' for n, v in values)
    elif name == 'kid': write = lambda values: 'MAC ' + ', '.join(f'{"kid" if n == "id" else n}="{v}"' for n, v in values)
    elif name == 'colon': write = lambda values: 'MAC: ' + ', '.join(f'{n}="{v}"' for n, v in values)
    elif name == 'backslashes': write = lambda values: 'MAC ' + ', '.join(f'{n}=\\"{v}\\"' for n, v in values)
    elif name == 'no-ts': write = lambda values: 'MAC ' + ', '.join(f'{n}="{v}"' for n, v in values if n != 'ts')
    elif name != 'right': raise SystemExit(f'unknown mode {name}')

for each in mode.split('+'): use(each)
values = [signed_ts, nonce, method, target, host, port, signed_ext]
text = first + between.join(values[i] for i in order) + last
digest = hmac.new(key, text.encode(), hasher).digest()
pairs = [('id', ident), ('ts', ts), ('nonce', nonce)] + ([('ext', sent_ext)] if sent_ext else []) + [('mac', encode(digest))]
header = write(pairs)
headers = {'Authorization': header, **given.get('headers', {})}
if lib == 'requests':
    import requests
    requests.request(sent_method, send_url, headers={k: v.encode() if not v.isascii() else v for k, v in headers.items()}, params=given.get('params'), data=given.get('data'), verify=False, allow_redirects=given.get('redirect', True), proxies=given.get('proxies'))
elif lib == 'httpx':
    import httpx
    httpx.request(sent_method, send_url, headers=headers, params=given.get('params'), verify=False)
elif lib == 'aiohttp':
    import aiohttp, asyncio
    async def send():
        async with aiohttp.ClientSession() as session:
            async with session.request(sent_method, send_url, headers=headers, ssl=False) as answer: await answer.read()
    asyncio.run(send())
elif lib == 'urllib':
    import urllib.request, urllib.error
    try: urllib.request.urlopen(urllib.request.Request(send_url, method=sent_method, headers=headers, data=given['data'].encode() if 'data' in given else None)).read()
    except urllib.error.HTTPError: pass
elif lib == 'http.client':
    import http.client
    link = http.client.HTTPConnection(parts.hostname, parts.port or 80)
    link.request(sent_method, urlunsplit(('', '', parts.path, parts.query, '')), headers=headers); link.getresponse().read()
elif lib == 'oauthlib':
    raise SystemExit('see oauth.py')
print(json.dumps({'method': method, 'target': target, 'host': host, 'port': port, 'ext': signed_ext, 'key': key.decode('latin-1')}))
