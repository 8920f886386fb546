-- Take a delivery for one attempt, with a lease: who dies at it loses it, and nobody sends it twice at a time.
-- KEYS: delivery, due.
-- ARGV: 1 id, 2 now, 3 end of the lease, 4 lease, 5 attempts a host may have at a time, 6 when to come back to a busy one.
local record = redis.call('HMGET', KEYS[1], 'status', 'due_at', 'lease_until', 'host', 'claimed_at')
local now = tonumber(ARGV[2])
if record[1] ~= 'pending' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return false
end
if tonumber(record[2]) > now or (record[3] and tonumber(record[3]) > now) then return false end

local busy = 'deliveries-busy:' .. record[4]
redis.call('ZREMRANGEBYSCORE', busy, '-inf', now)
if redis.call('ZCARD', busy) >= tonumber(ARGV[5]) then
  redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
  return false
end
redis.call('ZADD', busy, ARGV[3], ARGV[1])
redis.call('EXPIRE', busy, 3600)
redis.call('HSET', KEYS[1], 'lease', ARGV[4], 'lease_until', ARGV[3], 'claimed_at', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
if record[5] then redis.call('HINCRBY', KEYS[1], 'interruptions', 1) end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return {record[5] or '', redis.call('HGETALL', KEYS[1])}
