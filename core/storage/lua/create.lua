-- Record something queued, once: created a second time, it stays what it has become; withdrawn before, it stays away.
-- KEYS: record, and the claim it is made for, where there is one.
-- ARGV: 1 id, 2 kind, 3 owner ('': nobody's), 4 status, 5 the claim's token, 6 until when the claim is leased,
--       7 the shards of a batch (JSON: id -> request; '': there are none), 8 when, 9... field, value, ...
if redis.call('EXISTS', KEYS[1]) == 1 then return 'there' end
if redis.call('EXISTS', ARGV[2] .. '-withdrawn:' .. ARGV[1]) == 1 then return 'withdrawn' end
if KEYS[2] then
  if redis.call('HGET', KEYS[2], 'token') ~= ARGV[5] then return 'lost' end
  redis.call('HSET', KEYS[2], 'subject', ARGV[1], 'record', KEYS[1], 'leased_until', ARGV[6])
end
redis.call('HSET', KEYS[1], 'status', ARGV[4], unpack(ARGV, 9))
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'owner', ARGV[3]) end
enter(ARGV[2], ARGV[1], ARGV[3], ARGV[4])
if ARGV[7] ~= '' then enter_shards(ARGV[1], ARGV[3], ARGV[8], cjson.decode(ARGV[7])) end
return 'created'
