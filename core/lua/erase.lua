-- Forget a record; its images become due for erasure now.  KEYS: record, erasures, index of all records.
-- ARGV: id, prefix of the status indexes, now.
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return 0 end
local images = redis.call('HGET', KEYS[1], 'images_key')
if images then redis.call('ZADD', KEYS[2], ARGV[3], images) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', ARGV[2] .. status, ARGV[1])
return 1
