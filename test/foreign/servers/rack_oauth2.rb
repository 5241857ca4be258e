# The resource server of the gem rack-oauth2, on Puma. Its argument has the credentials, as JSON. It prints its port.

require 'json'
require 'rack/oauth2'
require 'puma'
require 'puma/server'

tokens = JSON.parse(ARGV.fetch(0)).to_h do |credential|
  id, key, algorithm = credential.values_at('id', 'key', 'algorithm')
  [id, Rack::OAuth2::AccessToken::MAC.new(access_token: id, mac_key: key, mac_algorithm: algorithm)]
end

app = lambda do |env|
  token = env[Rack::OAuth2::Server::Resource::ACCESS_TOKEN]
  next [401, { 'Content-Type' => 'text/plain' }, ['no MAC']] if token.nil?

  [200, { 'Content-Type' => 'text/plain' }, [env['REQUEST_METHOD'], ' ', env['rack.input'].read]]
end

verified = Rack::OAuth2::Server::Resource::MAC.new(app) do |request|
  token = tokens[request.access_token] || request.invalid_token!
  token.verify!(request)
  token
end

server = Puma::Server.new(verified)
port = server.add_tcp_listener('127.0.0.1', 0).addr[1]
server.run
puts JSON.generate({ port:, name: 'rack-oauth2', version: Rack::OAuth2::VERSION, with: "puma #{Puma::Const::VERSION}" })
$stdout.flush
sleep
