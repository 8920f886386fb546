-- Record something queued, once, and enqueue the message about it in the same step: created a second time, it stays what
-- it has become; withdrawn before, it stays away.
-- KEYS: record, what says that it was withdrawn, and the claim it is made for, where there is one.
-- ARGV: 1 id, 2 kind, 3 owner ('': nobody's), 4 status, 5 the claim's token, 6 until when the claim is leased,
--       7 the queue ('': nothing is enqueued), 8 the message, 9 the database of the queues, 10 that of the records,
--       11 the shards of a batch (JSON: id -> request; '': there are none), 12 when,
--       13 the uploads that it takes (ids, comma-separated; all of them, or nothing is recorded), 14... field, value, ...
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then
  return redis.call('EXISTS', KEYS[1]) == 1 and 'there' or 'withdrawn'
end
if KEYS[3] and redis.call('HGET', KEYS[3], 'token') ~= ARGV[5] then return 'lost' end
for upload in string.gmatch(ARGV[13], '[^,]+') do
  if not is_open_upload(upload, ARGV[12]) then return 'upload ' .. upload end
end
-- The message first: if a user may not do all of this, one without a record is dropped, and not the other way round.
-- Whoever waits for it is served once the script has ended.
if ARGV[7] ~= '' then
  redis.call('SELECT', ARGV[9])
  redis.call('LPUSH', ARGV[7], ARGV[8])
  redis.call('SELECT', ARGV[10])
end
if KEYS[3] then redis.call('HSET', KEYS[3], 'subject', ARGV[1], 'record', KEYS[1], 'leased_until', ARGV[6]) end
local written = {'status', ARGV[4], unpack(ARGV, 14)}
if ARGV[3] ~= '' then
  table.insert(written, 'owner')
  table.insert(written, ARGV[3])
end
if ARGV[13] ~= '' then
  table.insert(written, 'uploads')
  table.insert(written, ARGV[13])
  for upload in string.gmatch(ARGV[13], '[^,]+') do take_upload(upload, KEYS[1]) end
end
redis.call('HSET', KEYS[1], unpack(written))
local given = {}
for at = 14, #ARGV, 2 do given[ARGV[at]] = ARGV[at + 1] end
if given.expires_at then redis.call('ZADD', ARGV[2] .. '-deadlines', given.expires_at, ARGV[1]) end
enter(ARGV[2], ARGV[1], ARGV[3], ARGV[4])
if ARGV[11] ~= '' then enter_shards(ARGV[1], ARGV[3], ARGV[12], cjson.decode(ARGV[11])) end
return 'created'
