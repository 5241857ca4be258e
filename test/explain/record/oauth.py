"""Signs one request with oauthlib, and sends it with requests or urllib. Its argument is JSON."""
import json, sys, time
from urllib.parse import urlparse
from oauthlib.oauth2 import Client
from oauthlib.oauth2.rfc6749 import tokens

given = json.loads(sys.argv[1])
url, key, method, mode = given['url'], given['key'], given.get('method', 'GET'), given['mode']
more = {'draft': 1}
if mode == 'default': more = {'issue_time': __import__('datetime').datetime.fromtimestamp(time.time() - 5)}
if mode == 'body': more = {'issue_time': __import__('datetime').datetime.fromtimestamp(time.time() - 5), 'body': given['data']}
headers = tokens.prepare_mac_header(given['id'], url, key, method, hash_algorithm=given.get('hash', 'hmac-sha-256'), headers=None, **more)
import requests
if given.get('raw'):
    import http.client
    parts = urlparse(url)
    link = http.client.HTTPConnection(parts.hostname, parts.port or 80)
    link.request(method, url.split(parts.netloc, 1)[1] or '/', headers=headers); link.getresponse().read()
else:
    requests.request(method, given.get('send', url), headers=headers, data=given.get('data'), verify=False)
parts = urlparse(url)
target = parts.path + ('?' + parts.query if parts.query else '')
print(json.dumps({'method': method, 'target': target, 'host': parts.hostname, 'port': str(parts.port or (443 if parts.scheme == 'https' else 80)), 'ext': '', 'key': key}))
