# Signs and sends one request as Ruby programs do. Its argument is JSON. Prints what was signed.
require 'base64'; require 'cgi'; require 'json'; require 'net/http'; require 'openssl'; require 'securerandom'; require 'uri'
given = JSON.parse(ARGV[0])
url = URI(given['url']); mode = given['mode']; key = given['key']; method = given['method'] || 'GET'
ts = Time.now.to_i.to_s; nonce = SecureRandom.hex(4); ext = given['ext'] || ''
target = url.request_uri; host = url.host; port = url.port.to_s
last = "\n"; hash = 'SHA256'; encode = ->(mac) { Base64.strict_encode64(mac) }; signed_ts = ts; text_of = nil
scheme = 'MAC '; quote = '"'; sent_method = method
mode.split('+').each do |name|
  case name
  when 'right' then nil
  when 'path' then target = url.path
  when 'unescape' then target = CGI.unescape(target)
  when 'decode-www-form' then target = url.path + '?' + URI.encode_www_form(URI.decode_www_form(url.query))
  when 'to_s' then target = url.to_s
  when 'authority' then host = "#{url.host}:#{url.port}"
  when 'encode64' then encode = ->(mac) { Base64.encode64(mac).gsub("\n", '\n') }
  when 'encode64-strip' then encode = ->(mac) { Base64.encode64(mac) .strip }; hash = 'SHA512'
  when 'hexdigest' then encode = ->(mac) { mac.unpack1('H*') }
  when 'symbol' then method = method.downcase
  when 'capital' then method = method.capitalize
  when 'gets' then key += "\n"
  when 'decode64' then key = Base64.decode64(key)
  when 'urlsafe-key' then key = Base64.urlsafe_decode64(key + '=' * (-key.length % 4))
  when 'pack-hex' then key = [key].pack('H*')
  when 'inspect' then key = key.inspect
  when 'nil' then key = ''
  when 'join' then last = ''
  when 'to_f' then ts = signed_ts = format('%.3f', Time.now.to_f)
  when 'nanoseconds' then ts = signed_ts = Time.now.strftime('%s%N')
  when 'sha1' then hash = 'SHA1'
  when 'nil-ext' then ext = 'nil'
  when 'default-port' then port = url.port == url.default_port ? '' : port
  when 'token' then scheme = 'Token '
  when 'bare' then quote = ''
  when 'squote' then quote = "'"
  when 'puts' then last = "\n\n"
  else abort "unknown mode #{name}"
  end
end
text = [signed_ts, nonce, method, target, host, port, ext].join("\n") + last
mac = encode.(OpenSSL::HMAC.digest(hash, key, text))
pairs = { id: given['id'], ts: ts, nonce: nonce, mac: mac }
request = Net::HTTPGenericRequest.new(sent_method, false, true, given['path'] || url.request_uri)
request['Authorization'] = scheme + pairs.map { |n, v| "#{n}=#{quote}#{v}#{quote}" }.join(', ')
Net::HTTP.start(url.host, url.port) { |http| http.request(request) }
puts JSON.generate(method: method, target: target, host: host, port: port, ext: ext, key: key.dup.force_encoding('ISO-8859-1').encode('UTF-8'))
