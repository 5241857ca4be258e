-- Sends each line of a file in its own request, as the value of Authorization.
-- Arguments: the file, how many lines to skip, the host, the target, and how many lines each thread has.
-- Each thread has its own server: the ports are in the environment.

local file, before, after
local threads = 0

function setup(thread)
  local at = 0
  for port in os.getenv("PORTS"):gmatch("%d+") do
    if at == threads then thread.addr = wrk.lookup("127.0.0.1", port)[1] end
    at = at + 1
  end
  thread:set("place", threads)
  threads = threads + 1
end

function init(args)
  file = assert(io.open(args[1], "r"))
  file:setvbuf("full", 1048576)
  for _ = 1, tonumber(args[2]) + place * tonumber(args[5]) do file:read("*l") end
  before = "GET " .. args[4] .. " HTTP/1.1\r\nHost: " .. args[3] .. "\r\nAuthorization: "
  after = "\r\n\r\n"
end

function request()
  local line = file:read("*l")
  -- If no lines are left, the request is rejected, and the bench fails.
  return before .. (line or "none") .. after
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"rejected":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, errors.status, failed,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
