-- Forget a record; its images become due for erasure now.  KEYS: record, erasures.  ARGV: id, kind, now.
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return 0 end
local images = redis.call('HGET', KEYS[1], 'images_key')
if images then redis.call('ZADD', KEYS[2], ARGV[3], images) end
local owner = redis.call('HGET', KEYS[1], 'owner')
redis.call('DEL', KEYS[1])
for _, index in ipairs(owner and {ARGV[2] .. 's:', ARGV[2] .. 's:of:' .. owner .. ':'} or {ARGV[2] .. 's:'}) do
  redis.call('ZREM', index .. 'all', ARGV[1])
  redis.call('ZREM', index .. 'status:' .. status, ARGV[1])
end
return 1
