-- Deliveries that are due, each handed out once in a while, by turns of their owners: who has many is behind nobody's few.
-- One whose destination, or whose owner in the share it would take, has as many attempts as it may is passed over: handed
-- out, it would only come back.
-- KEYS: due.
-- ARGV: 1 now, 2 when to look again at what was handed out, 3 limit, 4 prefix of their keys, 5 how many are looked at,
--       6 most of one owner, 7 when to look again at what was passed over, so that it hides nothing,
--       8 attempts a destination may have at a time, 9 and 10 the share of first attempts and how many of it an owner may
--       have, 11 and 12 that of retries (an owner may have any number where there is no such share).
local busy = {}
local function is_full(place, most)
  if busy[place] == nil then busy[place] = redis.call('ZCOUNT', place, '(' .. ARGV[1], '+inf') >= tonumber(most) end
  return busy[place]
end

local turns, waiting = {}, {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[5])
for _, id in ipairs(due) do
  local status, tries, owner, host = unpack(redis.call('HMGET', ARGV[4] .. id, 'status', 'tries', 'owner', 'host'))
  if status == 'pending' then
    tries, host = tries or '0', host or ''
    if redis.call('EXISTS', 'deliveries-slow:' .. host) == 1 then tries = 'slow' end
    local share = tries == '0' and 9 or 11
    if is_full('deliveries-busy:' .. host, ARGV[8])
        or (owner and ARGV[share] and is_full('deliveries-busy:of:' .. owner .. ':' .. ARGV[share], ARGV[share + 1])) then
      if #due == tonumber(ARGV[5]) then redis.call('ZADD', KEYS[1], ARGV[7], id) end
    else
      owner = owner or ''
      if not waiting[owner] then
        waiting[owner] = {}
        table.insert(turns, owner)
      end
      table.insert(waiting[owner], {id, tries})
    end
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
        table.insert(found, delivery[2])
      elseif #due == tonumber(ARGV[5]) then
        redis.call('ZADD', KEYS[1], ARGV[7], delivery[1])
      end
    end
  end
  round = round + 1
end
return found
