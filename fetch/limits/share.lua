-- Answers questions about limits that several processes keep to together, and takes in what they tell of them.
--
-- ARGV[1] is JSON: p, the prefix of keys; o, this process; ttl, after how many ms without a call it counts as dead;
-- after, in us, how long the first start of a limit that is not known waits, as its key may have been lost; lead, in us,
-- how long before a start it has to know of it; a, its questions: n starts wanted, late by so many us in nlate
-- starts, the stamps u to z of starts that are given back, and l, the limits that hold for each start, the narrowest
-- first: k its key, d the us between two starts, w the width, act of it in use, want more, hold in ms.
--
-- A limit is a hash: t, when the next start may be (us, generic cell rate algorithm without tolerance); u, until when
-- nothing is to be sent; w:PROCESS, "held want since". The reply is JSON again, times as us from now, which is the
-- server's clock.
local q = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function text(n) return string.format('%.0f', n) end
redis.call('SET', q.p .. 'p:' .. q.o, '1', 'PX', q.ttl)
local alive = {[q.o] = true}
local function isAlive(o)
  if alive[o] == nil then alive[o] = redis.call('EXISTS', q.p .. 'p:' .. o) == 1 end
  return alive[o]
end

-- widthOf returns how many exchanges this process may have under way, and writes that down.
local function widthOf(l, key, fields)
  local wanted = math.min(l.act + l.want, l.w)
  local mine = 'w:' .. q.o
  local others, claimants, short, first = 0, 1, 0, 0
  local held0, since = 0, now
  for name, value in pairs(fields) do
    if string.sub(name, 1, 2) == 'w:' then
      local held, want, at = string.match(value, '^(%d+) (%d+) (%d+)$')
      held, want, at = tonumber(held) or 0, tonumber(want) or 0, tonumber(at) or 0
      if name == mine then
        held0, since = held, at
      elseif not isAlive(string.sub(name, 3)) then
        redis.call('HDEL', key, name)
      else
        others = others + held
        if want > 0 then claimants = claimants + 1 end
        fields[name] = {held, want, at}
      end
    end
  end
  local fair = math.max(1, math.floor(l.w / claimants))
  local waiting = false
  for name, value in pairs(fields) do
    if type(value) == 'table' and value[1] < math.min(value[2], fair) then
      waiting = true
      if value[1] == 0 and (held0 == 0 and value[3] < since or held0 > 0) then short = short + 1 end
    end
  end
  local room = l.w - others
  local width = math.max(math.min(wanted, room), 0)
  if waiting then
    width = math.min(width, fair)
    if claimants > l.w then -- in turn: who has had it for a second makes room, who has waited longest comes first
      if held0 > 0 and now - since > 1000000 then width = 0 end
      if held0 == 0 then width = math.max(math.min(width, room - short), 0) end
    end
  end
  local holds = math.max(width, l.act)
  if wanted == 0 and l.act == 0 then
    redis.call('HDEL', key, mine)
  else
    if (holds > 0) ~= (held0 > 0) then since = now end
    redis.call('HSET', key, mine, text(holds) .. ' ' .. text(wanted) .. ' ' .. text(since))
  end
  return width, width < wanted
end

local answers = {}
for i, a in ipairs(q.a) do
  local next, held, widths, free, again = {}, 0, {}, true, 0
  local expiry = {}
  for j, l in ipairs(a.l) do
    local key = q.p .. l.k
    local flat, fields = redis.call('HGETALL', key), {}
    for f = 1, #flat, 2 do fields[flat[f]] = flat[f + 1] end
    local due = tonumber(fields.t) or 0
    if l.d > 0 then
      if not fields.t and q.after > 0 then due = now + math.max(q.after, l.d) end
      if a.z > 0 and due == a.z + l.d then due = a.u end
      if a.nlate > 0 then due = math.max(due, now) + math.min(a.late, a.nlate * l.d) end
    end
    next[j] = due
    local til = tonumber(fields.u) or 0
    if l.hold > 0 then til = math.max(til, now + l.hold * 1000) end
    if til > now then
      held = math.max(held, til - now)
      redis.call('HSET', key, 'u', text(til))
    end
    widths[j] = 0
    if l.w > 0 then
      local short
      widths[j], short = widthOf(l, key, fields)
      if widths[j] == 0 then free = false end
      if short then again = 20000 end
    end
    expiry[j] = math.max(til, now)
  end
  local starts = {}
  while #starts < a.n and free and held == 0 do
    local s, wait = now, nil
    for j, l in ipairs(a.l) do
      if l.d > 0 then
        if s > math.max(now, next[j]) + q.lead and j > 1 then wait = s - q.lead end
        s = math.max(s, next[j])
      end
    end
    if s > now + q.ahead + (#starts > 0 and q.slice or 0) then wait = s - q.ahead end
    if wait then
      if #starts == 0 or a.n > 2 * #starts then again = math.max(wait - now, 0) end
      break
    end
    starts[#starts + 1] = s - now
    for j, l in ipairs(a.l) do
      if l.d > 0 then next[j] = s + l.d end
    end
  end
  for j, l in ipairs(a.l) do
    local key = q.p .. l.k
    if l.d > 0 and next[j] > now then redis.call('HSET', key, 't', text(next[j])) end
    redis.call('PEXPIRE', key, text((math.max(expiry[j], next[j]) - now) / 1000 + 60000))
  end
  answers[i] = {s = table.concat(starts, ' '), w = widths, h = held, g = again}
end
return cjson.encode({now = text(now), a = answers})
