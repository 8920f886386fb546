-- Take a delivery for one attempt, with a lease: who dies at it loses it, and nobody sends it twice at a time.
-- KEYS: delivery, due.
-- ARGV: 1 id, 2 now, 3 end of the lease, 4 lease, 5 attempts a destination may have at a time,
--       6 when to come back to one that may not be made now, 7 the share of the threads it would take,
--       8 attempts an owner may have at a time in that share ('': any number), 9 whether slow destinations go elsewhere.
local record = redis.call('HMGET', KEYS[1], 'status', 'due_at', 'lease_until', 'host', 'claimed_at', 'owner')
local now = tonumber(ARGV[2])
if record[1] ~= 'pending' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return false
end
if tonumber(record[2]) > now or (record[3] and tonumber(record[3]) > now) then return false end
if ARGV[9] == '1' and redis.call('EXISTS', 'deliveries-slow:' .. record[4]) == 1 then
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  return false
end

local places = {{'deliveries-busy:' .. record[4], ARGV[5]}}
if record[6] and ARGV[8] ~= '' then
  table.insert(places, {'deliveries-busy:of:' .. record[6] .. ':' .. ARGV[7], ARGV[8]})
end
for _, place in ipairs(places) do
  redis.call('ZREMRANGEBYSCORE', place[1], '-inf', now)
  if redis.call('ZCARD', place[1]) >= tonumber(place[2]) then
    redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
    return false
  end
end
for _, place in ipairs(places) do
  redis.call('ZADD', place[1], ARGV[3], ARGV[1])
  redis.call('EXPIRE', place[1], 3600)
end
redis.call('HSET', KEYS[1], 'lease', ARGV[4], 'lease_until', ARGV[3], 'claimed_at', ARGV[2], 'share', ARGV[7])
redis.call('HINCRBY', KEYS[1], 'attempts', 1)
if record[5] then redis.call('HINCRBY', KEYS[1], 'interruptions', 1) end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return {record[5] or '', redis.call('HGETALL', KEYS[1])}
