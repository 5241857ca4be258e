# Signs and sends one request as Perl programs do. Its argument is JSON. Prints what was signed.
use strict; use warnings; use JSON::PP; use LWP::UserAgent; use HTTP::Request; use URI; use URI::Escape;
use Digest::SHA qw(hmac_sha256_base64 hmac_sha1_base64 hmac_sha256_hex); use MIME::Base64;
my $given = decode_json($ARGV[0]); my ($mode, $key) = @$given{qw(mode key)}; my $url = URI->new($given->{url});
my $method = $given->{method} // 'GET'; my ($ts, $nonce) = (time, sprintf('%x', int(rand(1e9))));
my ($target, $host, $port, $end) = ($url->path_query, $url->host, $url->port, "\n");
my $mac = sub { my $value = hmac_sha256_base64($_[0], $key); $value .= '=' while length($value) % 4; $value };
if ($mode eq 'unpadded') { $mac = sub { hmac_sha256_base64($_[0], $key) } }
elsif ($mode eq 'unpadded-sha1') { $mac = sub { hmac_sha1_base64($_[0], $key) } }
elsif ($mode eq 'hex') { $mac = sub { hmac_sha256_hex($_[0], $key) } }
elsif ($mode eq 'encode-base64') { $mac = sub { encode_base64(hmac_sha256_hex($_[0], $key), '') } }
elsif ($mode eq 'path') { $target = $url->path }
elsif ($mode eq 'as-string') { $target = $url->as_string }
elsif ($mode eq 'unescape') { $target = uri_unescape($target) }
elsif ($mode eq 'host-port') { $host = $url->host_port }
elsif ($mode eq 'no-chomp') { $key .= "\n" }
elsif ($mode eq 'decode') { $key = decode_base64($key) }
elsif ($mode eq 'join') { $end = '' }
elsif ($mode eq 'lc') { $method = lc $method }
elsif ($mode ne 'right') { die "unknown mode $mode" }
my $value = $mac->(join("\n", $ts, $nonce, $method, $target, $host, $port, '') . $end);
my $request = HTTP::Request->new($given->{method} // 'GET', $url);
$request->header(Authorization => qq(MAC id="$given->{id}", ts="$ts", nonce="$nonce", mac="$value"));
LWP::UserAgent->new->request($request);
$key = join '', map { chr ord } split //, $key;
print JSON::PP->new->ascii->encode({ method => $method, target => "$target", host => "$host", port => "$port", ext => '', key => $key });
