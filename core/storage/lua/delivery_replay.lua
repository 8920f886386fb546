-- A delivery becomes due now, with its whole schedule before it. One that is being attempted comes after that.
-- KEYS: delivery, due.  ARGV: 1 id, 2 now.
local record = redis.call('HMGET', KEYS[1], 'status', 'owner', 'lease_until')
local status, owner = record[1], record[2]
if not status then return 0 end
redis.call('HSET', KEYS[1], 'status', 'pending', 'tries', 0, 'due_at', ARGV[2])
redis.call('HDEL', KEYS[1], 'ended_at')
redis.call('PERSIST', KEYS[1])
redis.call('ZADD', KEYS[2], record[3] or ARGV[2], ARGV[1])
move('delivery', ARGV[1], owner, status, 'pending')
return 1
