vcl 4.1;

backend default { .host = "127.0.0.1"; .port = "3000"; }

sub vcl_recv {
  set req.url = regsub(req.url, "^/api/", "/");
}
