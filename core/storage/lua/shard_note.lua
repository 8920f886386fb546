-- Note which photograph the holder of a shard is at, and at which ones workers have died.
-- KEYS: shard.  ARGV: holder, photograph ('': none), photographs (comma-separated).
if redis.call('HGET', KEYS[1], 'worker') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'at', ARGV[2], 'suspects', ARGV[3])
return 1
