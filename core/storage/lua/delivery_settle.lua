-- What came of a delivery that was taken. Only a success counts without the lease: it did arrive.
-- KEYS: delivery, due.
-- ARGV: 1 id, 2 lease, 3 new status, 4 when to try again ('': never), 5 log, 6 now, 7 retention of an ended delivery,
--       8 for how many seconds its destination counts as slow ('': it does not), 9 where it was sent.
local record = redis.call('HMGET', KEYS[1], 'status', 'lease', 'owner', 'host', 'share')
local status, owner = record[1], record[3]
if not status or (record[2] ~= ARGV[2] and ARGV[3] ~= 'delivered') then return 0 end

redis.call('HDEL', KEYS[1], 'lease', 'lease_until', 'claimed_at', 'share', 'interruptions')
redis.call('ZREM', 'deliveries-busy:' .. record[4], ARGV[1])
if owner and record[5] then redis.call('ZREM', 'deliveries-busy:of:' .. owner .. ':' .. record[5], ARGV[1]) end
if ARGV[8] ~= '' then
  redis.call('SET', 'deliveries-slow:' .. record[4], '', 'EX', ARGV[8])
elseif ARGV[3] == 'delivered' then
  redis.call('DEL', 'deliveries-slow:' .. record[4])
end
redis.call('HSET', KEYS[1], 'status', ARGV[3], 'log', ARGV[5], 'url', ARGV[9])
if ARGV[3] ~= 'delivered' then redis.call('HINCRBY', KEYS[1], 'tries', 1) end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[1], 'due_at', ARGV[4])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1])
else
  redis.call('HSET', KEYS[1], 'ended_at', ARGV[6])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[7])
end
move('delivery', ARGV[1], owner, status, ARGV[3])
return 1
