#!/bin/sh
# Starts three servers behind nginx on this machine, until Ctrl-C. They share credentials and nonces in PostgreSQL:
#   sh docs/examples/replicas/start.sh
#   sh docs/examples/replicas/start.sh redis    # nonces in Redis
# It needs the Debian packages postgresql and nginx (and redis-server), and npm install. It uses free ports of
# 127.0.0.1, and keeps all data in a new folder, which it removes at the end.
set -eu

nonces=${1:-postgres}
case $nonces in postgres | redis) ;; *) echo "usage: start.sh [redis]" >&2; exit 2 ;; esac
here=$(cd "$(dirname "$0")" && pwd)
clone=$(cd "$here/../../.." && pwd)
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t / -k 5 -n | tail -n 1)
PATH=$clone/node_modules/.bin:${bin:+$bin:}$PATH:/usr/sbin
for program in bun postgres nginx curl $([ "$nonces" = postgres ] || echo redis-server); do
  command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 2; }
done

folder=$(mktemp -d)
running=
database=
stop() {
  trap - EXIT
  for process in $running; do kill "$process" 2>/dev/null || true; done
  # PostgreSQL then does not wait until all connections are closed.
  [ -z "$database" ] || kill -INT "$database" 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 0' INT TERM HUP

# PostgreSQL does not run as root.
as_user=
if [ "$(id -u)" = 0 ]; then
  as_user='setpriv --reuid=65534 --regid=65534 --clear-groups'
  chown 65534:65534 "$folder"
fi

# Runs a program in the background. What it prints goes to a file.
run() {
  name=$1
  shift
  "$@" >"$folder/$name.log" 2>&1 &
  running="$! $running"
}

# Waits until a command succeeds, for half a minute.
wait_for() {
  name=$1
  shift
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 150 ] || { echo "$name does not answer:" >&2; tail "$folder/$name.log" >&2; exit 1; }
    sleep 0.2
  done
}

set -- $(bun -e '
  const servers = Array.from({ length: 6 }, () => Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } }))
  console.log(...servers.map(({ port }) => port)); for (const server of servers) server.stop()')
postgres=$1 redis=$2 web=$3
shift 3
password=$(od -An -N 16 -t x1 /dev/urandom | tr -d ' \n')
export ORIGIN="http://localhost:$web"
export MAC_DATABASE_URL="postgres://withmac:$password@127.0.0.1:$postgres/postgres"
MAC_SEALING_KEY=$(head -c 32 /dev/urandom | base64)
export MAC_SEALING_KEY

printf '%s\n' "$password" >"$folder/password"
chmod 644 "$folder/password"
$as_user initdb --pgdata="$folder/data" --username=withmac --pwfile="$folder/password" --auth=scram-sha-256 \
  >"$folder/initdb.log"
run postgres $as_user postgres -D "$folder/data" -p "$postgres" -c listen_addresses=127.0.0.1 \
  -c unix_socket_directories=
database=$!
wait_for postgres pg_isready --host=127.0.0.1 --port="$postgres"

if [ "$nonces" = redis ]; then
  export MAC_NONCES_URL="redis://:$password@127.0.0.1:$redis"
  printf 'bind 127.0.0.1\nport %s\nrequirepass %s\ndir %s\nmaxmemory-policy noeviction\nappendonly yes\n' \
    "$redis" "$password" "$folder" >"$folder/redis.conf"
  run redis $as_user redis-server "$folder/redis.conf"
  wait_for redis grep -q 'Ready to accept connections' "$folder/redis.log"
fi

cd "$clone"
upstream=
for port in "$@"; do
  PORT=$port run "server-$port" bun "$here/server.ts"
  upstream="$upstream server 127.0.0.1:$port;"
done
for port in "$@"; do wait_for "server-$port" curl -sf "http://127.0.0.1:$port/health"; done

{
  echo "daemon off; pid $folder/nginx.pid; error_log stderr; events {}"
  echo "http { access_log off; client_body_temp_path $folder/body; proxy_temp_path $folder/proxy;"
  echo "fastcgi_temp_path $folder/fastcgi; uwsgi_temp_path $folder/uwsgi; scgi_temp_path $folder/scgi;"
  sed -e "s/\${LISTEN}/127.0.0.1:$web/" -e "s/\${SERVERS}/$upstream/" "$here/nginx.conf.template"
  echo '}'
} >"$folder/nginx.conf"
run nginx $as_user nginx -e stderr -p "$folder" -c "$folder/nginx.conf"
wait_for nginx curl -sf "http://127.0.0.1:$web/health"

bun src/cli/main.ts create ada --save "$folder/ada.json" >/dev/null
echo "Three servers, with nonces in $nonces, behind $ORIGIN"
echo "Their data and logs, and the credential ada.json, are in $folder"
echo 'Paste this line into another terminal. The second time, it is a replay:'
bun src/cli/main.ts sign GET "$ORIGIN/" --credentials "$folder/ada.json" --curl
echo 'For another line, run in the clone:'
echo "npx bun src/cli/main.ts sign GET $ORIGIN/ --credentials $folder/ada.json --curl"
echo 'Ctrl-C stops all of them.'
wait
