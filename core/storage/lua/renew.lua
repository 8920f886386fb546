-- Hold on to a running job.  KEYS: record, lease.  ARGV: holder, milliseconds.
local found = redis.call('HMGET', KEYS[1], 'status', 'worker')
if found[1] ~= 'running' or found[2] ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
