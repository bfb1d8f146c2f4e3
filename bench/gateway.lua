-- For wrk: each request presents a key drawn from a file of keys, all of one
-- length, without separators. Arguments: the file, that length, a seed.
local random, sub = math.random, string.sub
local keys, width, count, head

function init(args)
   local file = assert(io.open(args[1], "rb"))
   keys = file:read("*a")
   file:close()
   width = tonumber(args[2])
   count = #keys / width
   math.randomseed(tonumber(args[3]))
   head = "GET " .. wrk.path .. " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
end

function request()
   local at = (random(count) - 1) * width
   return head .. sub(keys, at + 1, at + width) .. "\r\n\r\n"
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format("counted %d %d %d %d %d %d\n", summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
