-- A shard is done: its rows are kept, once, while its batch goes on, and the shard itself is forgotten.
-- KEYS: batch, shard.
-- ARGV: 1 id of the shard, 2 rows, 3 what is known of photographs, 4 what to add to the batch's counts (JSON objects).
local status, left = unpack(redis.call('HMGET', KEYS[1], 'status', 'shards_left'))
local is_there = forget_shard(ARGV[1])
if is_there and status == 'running' then
  for name, part in pairs({rows = ARGV[2], photographs = ARGV[3]}) do
    for field, value in pairs(cjson.decode(part)) do redis.call('HSET', KEYS[1] .. ':' .. name, field, value) end
  end
  for name, count in pairs(cjson.decode(ARGV[4])) do redis.call('HINCRBY', KEYS[1], name, count) end
  left = redis.call('HINCRBY', KEYS[1], 'shards_left', -1)
end
return left or 0
