-- Note that a job is enqueued again, unless something has happened to it.  KEYS: record.  ARGV: version, now.
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('HINCRBY', KEYS[1], 'reenqueues', 1)
redis.call('HSET', KEYS[1], 'reenqueued_at', ARGV[2])
return 1
