#!/bin/bash
# Signs with openssl and sends with curl, as shell scripts do: client.sh MODE ID KEY URL [options of curl]
# Prints what was signed, as JSON.
mode=$1 id=$2 key=$3 url=$4; shift 4
rest=${url#*://}; authority=${rest%%[/?]*}; target=${rest#"$authority"}
host=${authority%%:*}; port=80; [[ $authority == *:* ]] && port=${authority##*:}
ts=$(date +%s) nonce=$(openssl rand -hex 4) method=GET
sign() { printf '%s\n%s\n%s\n%s\n%s\n%s\n\n' "$ts" "$nonce" "$method" "$target" "$host" "$port"; }
hmac() { openssl dgst -sha256 -hmac "$key" -binary | base64 -w0; }
case $mode in
  right) ;;
  no-query) target=${target%%\?*} ;;
  hex) hmac() { openssl dgst -sha256 -hmac "$key" -r | cut -d' ' -f1; } ;;
  hex-base64) hmac() { openssl dgst -sha256 -hmac "$key" -r | cut -d' ' -f1 | tr -d '\n' | base64 -w0; } ;;
  echo) sign() { echo "$ts
$nonce
$method
$target
$host
$port
"; echo; } ;;
  echo-n) sign() { printf '%s\n%s\n%s\n%s\n%s\n%s\n' "$ts" "$nonce" "$method" "$target" "$host" "$port"; } ;;
  echo-literal) sign() { printf '%s' "$ts\\n$nonce\\n$method\\n$target\\n$host\\n$port\\n\\n"; } ;;
  echo-key) key="$key"$'\n'; hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf '%s' "$key" | xxd -p -c 999)" -binary | base64 -w0; } ;;
  quoted-key) key="\"$key\"" ;;
  space-key) key="$key " ;;
  hexkey) hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64 -w0; }; ;;
  sha1) hmac() { openssl dgst -sha1 -hmac "$key" -binary | base64 -w0; } ;;
  ms) ts=$(date +%s%3N) ;;
  ns) ts=$(date +%s%N) ;;
  authority) host=$authority ;;
  port443) port=443 ;;
  empty-port) port='' ;;
  base64-key) hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf '%s' "$1$key" | base64 -d | xxd -p -c 999)" -binary | base64 -w0; } ;;
  no-space) ;;
  urlsafe-unpadded) hmac() { openssl dgst -sha256 -hmac "$key" -binary | base64 -w0 | tr -d '='; } ;;
  base64-wrapped) hmac() { openssl dgst -sha512 -hmac "$key" -binary | base64 -w0; } ;;
  post) method=POST ;;
  mac-of-mac) ;;
  *) echo "unknown mode $mode" >&2; exit 2 ;;
esac
mac=$(sign | hmac)
curl -s -k -o /dev/null "$@" -H "Authorization: MAC id=\"$id\", ts=\"$ts\", nonce=\"$nonce\", mac=\"$mac\"" "$url"
jq -nc --arg method "$method" --arg target "$target" --arg host "$host" --arg port "$port" --arg key "$key" '{method: $method, target: $target, host: $host, port: $port, ext: "", key: $key}'
