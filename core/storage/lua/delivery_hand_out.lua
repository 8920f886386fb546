-- Deliveries that are due, each handed out once in a while.
-- KEYS: due.  ARGV: 1 now, 2 when to look at them again, 3 limit, 4 prefix of their keys.
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])) do
  local record = redis.call('HMGET', ARGV[4] .. id, 'status', 'tries')
  if record[1] == 'pending' then
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    table.insert(found, id)
    table.insert(found, record[2] or '0')
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return found
