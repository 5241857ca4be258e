# The class MACToken of the gem oauth2, over Faraday. Its argument is the certificate to trust.

require 'oauth2'
require 'oauth2/version'
require_relative 'relayed'

def mac_token(id, key, algorithm: 'hmac-sha-256', **options)
  client = OAuth2::Client.new(nil, nil, site: 'https://api.example.com', **options)
  OAuth2::MACToken.new(client, id, key, algorithm: algorithm)
end

versions = { name: 'oauth2', version: OAuth2::Version.to_s, with: "faraday #{Faraday::VERSION}" }
answer_requests(versions) do |request|
  id, key, algorithm, method, url = request.values_at('id', 'key', 'algorithm', 'method', 'url')
  options = { site: 'http://api.example.com', connection_opts: { ssl: { ca_file: ARGV.fetch(0) } } }
  token = mac_token(id, key, algorithm: algorithm, **options)
  token = OAuth2::AccessToken.new(token.client, id) if request['bearer']
  details = { body: request['body'], headers: request['headers'], params: request['params'], raise_errors: false }
  token.request(method.downcase.to_sym, url, details.compact).status
end
