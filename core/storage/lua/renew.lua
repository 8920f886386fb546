-- Hold on to a record that runs.  KEYS: record, lease.  ARGV: holder, milliseconds.
-- The record says who began it, so that a holder whose lease has run out, and nobody else's, may take it up again.
local status, holder = unpack(redis.call('HMGET', KEYS[1], 'status', 'worker'))
if status ~= 'running' or holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
