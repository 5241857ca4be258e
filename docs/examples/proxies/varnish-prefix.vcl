# /etc/varnish/default.vcl: the servers see /orders for /api/orders. See varnish.vcl.
vcl 4.1;

import directors;
import std;

backend one { .host = "127.0.0.1"; .port = "3000"; }
backend two { .host = "127.0.0.1"; .port = "3001"; }

sub vcl_init {
  new api = directors.round_robin();
  api.add_backend(one);
  api.add_backend(two);
}

sub vcl_recv {
  set req.backend_hint = api.backend();
  if (req.url !~ "^/api/") {
    return (synth(404));
  }
  set req.url = regsub(req.url, "^/api/", "/");

  # Anyone can send these fields, and Varnish passes them on.
  unset req.http.Forwarded;
  unset req.http.X-Forwarded-Host;
  unset req.http.X-Forwarded-Port;
  set req.http.X-Forwarded-For = client.ip;
  set req.http.X-Forwarded-Proto = "https";
  if (std.port(local.ip) == 80) {
    set req.http.X-Forwarded-Proto = "http";
  }

  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe);
  }
}

sub vcl_pipe {
  set bereq.http.Upgrade = req.http.Upgrade;
  set bereq.http.Connection = "Upgrade";
}

sub vcl_backend_fetch {
  # On a kept connection that breaks, Varnish would send a request again: a replay.
  set bereq.http.Connection = "close";
}
