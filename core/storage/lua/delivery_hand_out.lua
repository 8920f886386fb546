-- Deliveries that are due, each handed out once in a while, by turns of their owners: who has many is behind nobody's few.
-- KEYS: due.
-- ARGV: 1 now, 2 when to look again at what was handed out, 3 limit, 4 prefix of their keys, 5 how many are looked at,
--       6 most of one owner, 7 when to look again at what was passed over, so that it hides nothing.
local turns, waiting = {}, {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[5])
for _, id in ipairs(due) do
  local status, tries, owner, host = unpack(redis.call('HMGET', ARGV[4] .. id, 'status', 'tries', 'owner', 'host'))
  if status == 'pending' then
    owner = owner or ''
    if not waiting[owner] then
      waiting[owner] = {}
      table.insert(turns, owner)
    end
    table.insert(waiting[owner], {id, tries or '0', host})
  else
    redis.call('ZREM', KEYS[1], id)
  end
end

local found, round, more = {}, 1, true
while more do
  more = false
  for _, owner in ipairs(turns) do
    local delivery = waiting[owner][round]
    if delivery then
      more = true
      if #found < 2 * ARGV[3] and (owner == '' or round <= tonumber(ARGV[6])) then
        redis.call('ZADD', KEYS[1], ARGV[2], delivery[1])
        table.insert(found, delivery[1])
        table.insert(found, redis.call('EXISTS', 'deliveries-slow:' .. (delivery[3] or '')) == 1 and 'slow' or delivery[2])
      elseif #due == tonumber(ARGV[5]) then
        redis.call('ZADD', KEYS[1], ARGV[7], delivery[1])
      end
    end
  end
  round = round + 1
end
return found
