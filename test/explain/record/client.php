<?php
// Signs and sends one request as PHP programs do. Its argument is JSON. Prints what was signed.
$given = json_decode($argv[1], true);
$url = $given['url']; $mode = $given['mode']; $key = $given['key']; $parts = parse_url($url);
$method = $given['method'] ?? 'GET'; $ts = (string) time(); $nonce = bin2hex(random_bytes(4));
$query = $parts['query'] ?? ''; $path = $parts['path'] ?? '/';
$target = $path . ($query === '' ? '' : "?$query"); $host = $parts['host']; $port = (string) ($parts['port'] ?? 80);
$mac = function ($text) use (&$key) { return base64_encode(hash_hmac('sha256', $text, $key, true)); $end = "\n"; $eol = "\n"; $signed = $ts; $sent = $method;
switch ($mode) {
  case 'right': break;
  case 'hex': $mac = function ($text) use (&$key) { return hash_hmac('sha256', $text, $key); break;
  case 'hex-base64': $mac = function ($text) use (&$key) { return base64_encode(hash_hmac('sha256', $text, $key)); break;
  case 'path': $target = $path; break;
  case 'parse-str': parse_str($query, $fields); $target = $path . '?' . http_build_query($fields); break;
  case 'ksort': parse_str($query, $fields); ksort($fields); $target = $path . '?' . http_build_query($fields); break;
  case 'urldecode': $target = urldecode($target); break;
  case 'rawurlencode': $target = implode('/', array_map('rawurlencode', explode('/', $path))) . "?$query"; break;
  case 'null-port': $port = (string) ($parts['port'] ?? null); break;
  case 'php-eol': $eol = $end = "\r\n"; break;
  case 'implode': $end = ''; break;
  case 'microtime': $ts = $signed = (string) microtime(true); break;
  case 'milliseconds': $ts = $signed = (string) round(microtime(true) * 1000); break;
  case 'file': $key .= "\n"; break;
  case 'base64-decode': $key = base64_decode($key); break;
  case 'hex2bin': $key = hex2bin($key); break;
  case 'urlencode-mac': $mac = function ($text) use (&$key) { return urlencode(base64_encode(hash_hmac('sha256', $text, $key, true))); break;
  case 'single-quoted': $eol = $end = '\n'; break;
  case 'sha1': $mac = function ($text) use (&$key) { return base64_encode(hash_hmac('sha1', $text, $key, true)); break;
  case 'slash': $target = rtrim($path, '/') . ($query === '' ? '' : "?$query"); break;
  case 'trim-mac': $mac = function ($text) use (&$key) { return rtrim(base64_encode(hash_hmac('sha256', $text, $key, true)), '='); break;
  default: exit(2);
}
$value = $mac(implode($eol, [$signed, $nonce, $method, $target, $host, $port, '']) . $end);
$curl = curl_init($url);
curl_setopt_array($curl, [CURLOPT_RETURNTRANSFER => true, CURLOPT_CUSTOMREQUEST => $sent,
  CURLOPT_HTTPHEADER => ["Authorization: MAC id=\"{$given['id']}\", ts=\"$ts\", nonce=\"$nonce\", mac=\"$value\""]]);
curl_exec($curl);
echo json_encode(['method' => $method, 'target' => $target, 'host' => $host, 'port' => $port, 'ext' => '', 'key' => iconv('ISO-8859-1', 'UTF-8', $key)], JSON_UNESCAPED_SLASHES);
