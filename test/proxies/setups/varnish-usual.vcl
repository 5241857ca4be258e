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
  if (std.port(local.ip) != 80) {
    set req.http.X-Forwarded-Proto = "https";
  }
  if (req.http.Upgrade ~ "(?i)websocket") {
    return (pipe);
  }
}

sub vcl_pipe {
  set bereq.http.Upgrade = req.http.Upgrade;
}
