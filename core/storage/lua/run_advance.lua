-- Note how far a shard of a run is; of one that is erased, nothing.
-- KEYS: run, its progress.  ARGV: 1 shard, 2 its images, 3 now.
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return false end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[1], 'changed_at', ARGV[3])
return status
