# The client of the gem rack-oauth2, over HTTPClient. Its argument is the certificate to trust.

require 'rack/oauth2'
require_relative 'relayed'

def mac_token(id, key, algorithm: 'hmac-sha-256', **options)
  mac = { access_token: id, mac_key: key, mac_algorithm: algorithm, **options }
  Rack::OAuth2::AccessToken::MAC.new(mac)
end

def token_for(request)
  id, key, algorithm, age = request.values_at('id', 'key', 'algorithm', 'ageSeconds')
  return Rack::OAuth2::AccessToken::Bearer.new(access_token: id) if request['bearer']

  options = {}
  options[:ts] = Time.now.utc - age if age
  is_bound = request['digest'] && !request['forgetDigest']
  options[:ext_verifier] = Rack::OAuth2::AccessToken::MAC::Sha256HexVerifier if is_bound
  mac_token(id, key, algorithm: algorithm, **options)
end

versions = { name: 'rack-oauth2', version: Rack::OAuth2::VERSION, with: "httpclient #{HTTPClient::VERSION}" }
answer_requests(versions) do |request|
  method, url, params, body, headers = request.values_at('method', 'url', 'params', 'body', 'headers')
  http = token_for(request).httpclient
  http.ssl_config.add_trust_ca(ARGV.fetch(0)) if url.start_with?('https:')
  http.request(method, url, params, body, headers, follow_redirect: request['redirect']).status
end
