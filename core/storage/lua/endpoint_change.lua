-- Change an endpoint that is there.
-- KEYS: endpoint.  ARGV: 1 a new secret ('': its own stays), 2 until when the one before signs as well,
--                        3... field, value, ...
local secret = redis.call('HGET', KEYS[1], 'secret')
if not secret then return 0 end
if ARGV[1] ~= '' and ARGV[1] ~= secret then -- the same again: the call whose answer was lost on its way
  redis.call('HSET', KEYS[1], 'secret', ARGV[1], 'old_secret', secret, 'old_secret_until', ARGV[2])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return 1
