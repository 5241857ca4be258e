import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The address on which servers and proxies listen. /etc/hosts gives it the names of `NAMES`. */
export const ADDRESS = '127.0.7.7'
export const NAMES: readonly string[] = ['api.example.com', 'shop.example.com']

const PLAIN = 'http://127.0.0.1:3901'
const HOST = 'proxy_set_header Host $http_host;'

/** The port of each nginx server, and what stands in it. */
const NGINX: Readonly<Record<number, string>> = {
  8101: `location / { proxy_pass ${PLAIN}; }`,
  8102: 'location / { proxy_pass http://backend; }',
  8103: 'location / { proxy_pass http://app; }',
  8104: `location / { proxy_pass ${PLAIN}; proxy_set_header Host $host; }`,
  8105: `${HOST} location /api/ { proxy_pass ${PLAIN}/; } location /v1/ { proxy_pass ${PLAIN}/; } location /api/v2/ { proxy_pass ${PLAIN}/; } location /backend/ { proxy_pass ${PLAIN}/; } location /gateway/ { proxy_pass ${PLAIN}/; } location /rest/ { proxy_pass http://127.0.0.1:3904/; } location /api.example.com/ { proxy_pass ${PLAIN}/; } location /quetzal/ { proxy_pass ${PLAIN}/; }`,
  8106: `${HOST} location /shop/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Prefix /shop; } location /mall/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Original-URI $request_uri; } location /till/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Uri $request_uri; } location /cart/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Rewrite-URL $request_uri; } location /sale/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Envoy-Original-Path $request_uri; } location /desk/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Path $request_uri; } location /bill/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Original-URL $scheme://$http_host$request_uri; } location /plan/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Replaced-Path $request_uri; } location /tool/ { proxy_pass ${PLAIN}/; proxy_set_header Host $http_host; proxy_set_header X-Script-Name /tool; } location /swap/ { rewrite ^ /entry break; proxy_pass ${PLAIN}; proxy_set_header Host $http_host; proxy_set_header X-Original-URI $request_uri; } location /cut/ { set $args ""; proxy_pass ${PLAIN}; proxy_set_header Host $http_host; proxy_set_header X-Original-URI $request_uri; }`,
  8107: `${HOST} location / { proxy_pass ${PLAIN}/; }`,
  8109: `${HOST} location / { set $args "$args&via=nginx"; proxy_pass ${PLAIN}; }`,
  8110: `${HOST} location / { set $args "lang=en&$args"; proxy_pass ${PLAIN}; }`,
  8111: `${HOST} location / { rewrite ^(.*[^/])$ $1/ break; proxy_pass ${PLAIN}; }`,
  8112: `${HOST} location / { rewrite ^(.*)/$ $1 break; proxy_pass ${PLAIN}; }`,
  8113: `location / { proxy_pass ${PLAIN}; proxy_set_header X-Forwarded-Host $http_host; }`,
  8114: `location / { proxy_pass ${PLAIN}; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }`,
  8115: `location / { proxy_pass http://127.0.0.1:3902; proxy_set_header Host $http_host; }`,
  8116: `location / { proxy_pass http://127.0.0.1:3903; proxy_set_header Host $host; }`,
  8117: `location / { proxy_pass http://127.0.0.1:3905; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme; }`,
  8118: `location / { proxy_pass http://127.0.0.1:3902; }`,
  8119: `location / { proxy_pass http://127.0.0.1:3903; }`,
  8120: `${HOST} location / { proxy_pass ${PLAIN}; proxy_method POST; }`,
  8121: `location / { ${HOST} proxy_set_header Authorization ""; proxy_pass ${PLAIN}; }`,
  8122: `${HOST} location / { auth_basic off; proxy_pass http://127.0.0.1:3904; proxy_next_upstream off; }`,
  8123: `${HOST} location / { rewrite ^/(.*)$ /internal/$1 break; proxy_pass ${PLAIN}; }`,
  8124: `${HOST} location / { return 307 http://api.example.com:8105$request_uri; }`,
  8125: 'location / { proxy_pass http://localhost:3901; }',
  8126: `location / { proxy_pass ${PLAIN}; proxy_set_header Host app.internal; }`,
  8127: `location / { proxy_pass ${PLAIN}; proxy_set_header Host 10.2.3.4:3901; }`,
  8128: `location / { proxy_pass http://127.0.0.1:3904; proxy_set_header Host web.default.svc.cluster.local; }`,
  8129: `location / { proxy_pass ${PLAIN}; proxy_set_header Host "[fd12:3456::7]:3901"; }`,
  8130: `location / { proxy_pass ${PLAIN}; proxy_set_header Host shop.example.com; }`,
  8131: `${HOST} location / { set $args "$args&trace=7f3a9c"; proxy_pass http://127.0.0.1:3906; }`,
}

const TLS: Readonly<Record<number, string>> = {
  443: `location / { proxy_pass ${PLAIN}; proxy_set_header Host $host; } location /proto { proxy_pass ${PLAIN}; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https; } location /bare { proxy_pass ${PLAIN}; } location /std { proxy_pass ${PLAIN}; proxy_set_header Forwarded "for=_x;host=$http_host;proto=https"; } location /api/ { proxy_pass ${PLAIN}/; proxy_set_header Host $host; } location /list { proxy_pass http://127.0.0.1:3903; proxy_set_header Host $host; } location /pinned { proxy_pass http://127.0.0.1:3902; proxy_set_header Host $host; } location /trusted { proxy_pass http://127.0.0.1:3905; proxy_set_header Host $host; }`,
  8443: `location / { proxy_pass ${PLAIN}; proxy_set_header Host $http_host; } location /lost { proxy_pass ${PLAIN}; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https; } location /port { proxy_pass ${PLAIN}; proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Port 8443; } location /xhost { proxy_pass ${PLAIN}; proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto https; } location /trusted { proxy_pass http://127.0.0.1:3905; proxy_set_header Host $host; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto https; }`,
}

export function nginxFile(folder: string, certificate: string): string {
  const servers = (list: Readonly<Record<number, string>>, tls: boolean) =>
    Object.entries(list).map(([port, inside]) => {
      const extra = tls
        ? `ssl_certificate ${certificate}/cert.pem; ssl_certificate_key ${certificate}/key.pem;`
        : ''
      return `server { listen ${ADDRESS}:${port}${tls ? ' ssl' : ''}; server_name _; ${extra} ${inside} }`
    })
  const text = `daemon off; error_log ${folder}/nginx-error.log; pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  upstream backend { server 127.0.0.1:3901; }
  upstream app { server 127.0.0.1:3901; }
  ${[...servers(NGINX, false), ...servers(TLS, true)].join('\n  ')}
}
`
  return write(folder, 'nginx.conf', text)
}

export function haproxyFile(folder: string): string {
  const front = (port: number, rules: string) =>
    `frontend f${port}\n  bind ${ADDRESS}:${port}\n${rules}\n  default_backend b\n`
  const text = `global
  expose-experimental-directives
  stats socket ${folder}/haproxy.sock
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
${front(8201, '  http-request replace-path ^/api(/.*) \\1')}
${front(8202, '  http-request normalize-uri path-merge-slashes')}
${front(8203, '  http-request normalize-uri percent-to-uppercase')}
${front(8204, '  http-request normalize-uri query-sort-by-name')}
${front(8205, '  http-request normalize-uri percent-decode-unreserved')}
${front(8206, '  http-request set-query %[query]&via=haproxy')}
${front(8207, '  http-request set-header Host 127.0.0.1:3901')}
${front(8208, '  http-request set-path /v1%[path]')}
${front(8209, '  http-request del-header Authorization')}
${front(8210, '  http-request normalize-uri path-strip-dotdot')}
${front(8211, '  http-request set-path %[path,url_dec]')}
${front(8212, '  http-request set-query %[query,url_dec]')}
backend b
  server s 127.0.0.1:3901
`
  return write(folder, 'haproxy.cfg', text)
}

export function caddyFile(folder: string): string {
  const site = (port: number, inside: string) =>
    `http://:${port} {\n  bind ${ADDRESS}\n  ${inside}\n}`
  const text = `{
  admin off
  auto_https off
}
${site(8301, 'handle_path /api/* {\n    reverse_proxy 127.0.0.1:3901\n  }')}
${site(8302, 'rewrite * /app{uri}\n  reverse_proxy 127.0.0.1:3901')}
${site(8303, 'reverse_proxy 127.0.0.1:3901 {\n    header_up Host {upstream_hostport}\n  }')}
${site(8304, 'uri strip_suffix /\n  reverse_proxy 127.0.0.1:3901')}
${site(8305, 'uri replace // /\n  reverse_proxy 127.0.0.1:3901')}
${site(8306, 'rewrite * {uri}?from=caddy&{query}\n  reverse_proxy 127.0.0.1:3901')}
${site(8307, 'reverse_proxy 127.0.0.1:3901 {\n    header_up -Authorization\n  }')}
${site(8308, 'handle_path /files/* {\n    reverse_proxy 127.0.0.1:3904\n  }')}
`
  return write(folder, 'Caddyfile', text)
}

export function apacheFile(folder: string): string {
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'rewrite', 'headers']
  const site = (port: number, inside: string) =>
    `Listen ${ADDRESS}:${port}\n<VirtualHost ${ADDRESS}:${port}>\n  ${inside}\n</VirtualHost>`
  const text = `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/apache.pid
ErrorLog ${folder}/apache-error.log
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
${site(8401, `ProxyPass / ${PLAIN}/`)}
${site(8402, `ProxyPreserveHost On\n  ProxyPass /api/ ${PLAIN}/`)}
${site(8403, `ProxyPreserveHost On\n  ProxyPass / ${PLAIN}/`)}
${site(8404, `ProxyPreserveHost On\n  RewriteEngine On\n  RewriteRule ^/(.*)$ ${PLAIN}/$1?src=apache [P,QSA]`)}
${site(8405, `ProxyPreserveHost On\n  RewriteEngine On\n  RewriteRule ^/(.*)$ ${PLAIN}/$1 [P]`)}
${site(8406, `ProxyAddHeaders Off\n  ProxyPass / ${PLAIN}/`)}
${site(8407, `ProxyPreserveHost On\n  ProxyPass / ${PLAIN}/ nocanon`)}
`
  return write(folder, 'apache.conf', text)
}

export function h2oFile(folder: string): string {
  const host = (port: number, paths: string, more = '') =>
    `  "*:${port}":\n    listen: {host: ${ADDRESS}, port: ${port}}\n${more}    paths:\n${paths}`
  const to = (path: string, url: string) =>
    `      "${path}":\n        proxy.reverse.url: "${url}"\n`
  const text = `user: root
pid-file: ${folder}/h2o.pid
hosts:
${host(8501, to('/', `${PLAIN}/`))}${host(8502, to('/api', `${PLAIN}/`), '    proxy.preserve-host: ON\n')}${host(8503, to('/', `${PLAIN}/`), '    proxy.preserve-host: ON\n')}${host(8504, to('/', 'http://127.0.0.1:3904/'))}`
  return write(folder, 'h2o.yaml', text)
}

export function lighttpdFile(folder: string): string {
  const site = (port: number, inside: string) =>
    `$SERVER["socket"] == "${ADDRESS}:${port}" { ${inside} }`
  const to = 'proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 3901 )) )'
  const text = `server.modules = ( "mod_proxy", "mod_rewrite" )
server.document-root = "${folder}"
server.bind = "${ADDRESS}"
server.port = 8600
${to}
${site(8601, `${to}\n proxy.header = ( "map-urlpath" => ( "/api/" => "/" ) )`)}
${site(8602, `${to}\n proxy.header = ( "map-host-request" => ( "-" => "127.0.0.1:3901" ) )`)}
`
  return write(folder, 'lighttpd.conf', text)
}

export function varnishFile(folder: string): string {
  const text = `vcl 4.1;
import std;
backend default { .host = "127.0.0.1"; .port = "3901"; }
sub vcl_recv {
  if (req.http.X-Do == "sort") { set req.url = std.querysort(req.url); }
  if (req.http.X-Do == "cut") { set req.url = regsub(req.url, "^/v1", ""); }
  if (req.http.X-Do == "utm") { set req.url = regsuball(req.url, "[?&]utm_[a-z]+=[^&]*", ""); }
  if (req.http.X-Do == "host") { set req.http.Host = "backend.local"; }
  unset req.http.X-Do;
  return (pass);
}
`
  return write(folder, 'varnish.vcl', text)
}

export function squidFile(folder: string): string {
  const text = `http_port ${ADDRESS}:8801 accel defaultsite=api.example.com no-vhost
cache_peer 127.0.0.1 parent 3901 0 no-query originserver name=s
http_access allow all
cache deny all
pid_filename ${folder}/squid.pid
access_log none
cache_log ${folder}/squid.log
coredump_dir ${folder}
visible_hostname squid
`
  return write(folder, 'squid.conf', text)
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
