-- Takes entries for a consumer of a group: those that it had and has not been told of, those whose consumer is silent,
-- and new ones.
--
-- KEYS[1] is the stream; ARGV are the group, the consumer, how many entries are wanted, how many bytes they may have
-- together until no more is taken, how many one may have, after how many ms its consumer counts as silent, the id behind
-- which it begins with what the consumer had, and where to go on looking for silent ones; either may be empty.
--
-- The reply are netstrings: the two places to go on from, how many entries of the group and of the consumer are pending,
-- how many pending ones were deleted from the stream, and the id of one that had many deliveries, or nothing; then of
-- each entry its id, the number of its fields and values, and these; -1 where it has too many bytes.
local key, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local count, budget, most, idle = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local history, claim = ARGV[7], ARGV[8]
local out, n, size, deleted, often = {}, 0, 0, 0, ''

local function net(s) return string.format('%d', #s) .. ':' .. s end
local function room() return n < count and size < budget end
local function give(entry)
  if not entry[2] then
    try('XACK', key, group, entry[1])
    deleted = deleted + 1
    return
  end
  local bytes = 0
  for _, field in ipairs(entry[2]) do bytes = bytes + #field end
  out[#out + 1] = net(entry[1])
  n = n + 1
  if bytes > most then
    out[#out + 1] = net('-1')
    return
  end
  size = size + bytes
  out[#out + 1] = net(string.format('%d', #entry[2]))
  for _, field in ipairs(entry[2]) do out[#out + 1] = net(field) end
end
local function read(after)
  local reply = try('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 1, 'STREAMS', key, after)
  return reply and reply[1] and reply[1][2][1]
end

return run(function()
  while history ~= '' and room() do
    local entry = read(history)
    history = entry and entry[1] or ''
    if entry then give(entry) end
  end
  local looks = 0
  while claim ~= '' and room() and looks < 100 do
    looks = looks + 1
    local reply = try('XAUTOCLAIM', key, group, consumer, idle, claim, 'COUNT', 1, 'JUSTID')
    for _, id in ipairs(reply[2]) do
      local entry = try('XCLAIM', key, group, consumer, 0, id)
      local state = try('XPENDING', key, group, id, id, 1)[1]
      if often == '' and state and tonumber(state[4]) >= tonumber(ARGV[9]) then often = id end
      give(entry[1] or {id})
    end
    deleted = deleted + (reply[3] and #reply[3] or 0)
    claim = reply[1] ~= '0-0' and reply[1] or ''
  end
  while room() do
    local entry = read('>')
    if not entry then break end
    give(entry)
  end
  local pending, own = try('XPENDING', key, group), 0
  for _, each in ipairs(pending[4] or {}) do
    if each[1] == consumer then own = tonumber(each[2]) end
  end
  return net(history) .. net(claim) .. net(string.format('%d', pending[1])) .. net(string.format('%d', own)) ..
    net(string.format('%d', deleted)) .. net(often) .. table.concat(out)
end)
