-- Sends each line of a file, as the value of Authorization, in a request of its own.
-- Arguments: the file, how many lines to leave out, the host, and the target.

local file, before, after

function init(args)
  file = assert(io.open(args[1], "r"))
  file:setvbuf("full", 1048576)
  for _ = 1, tonumber(args[2]) do file:read("*l") end
  before = "GET " .. args[4] .. " HTTP/1.1\r\nHost: " .. args[3] .. "\r\nAuthorization: "
  after = "\r\n\r\n"
end

function request()
  local line = file:read("*l")
  -- Without fields left the request is refused, and the bench fails for it.
  return before .. (line or "none") .. after
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"refused":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, errors.status, failed,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
