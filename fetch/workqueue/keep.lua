-- Keeps the pending entries of a consumer from counting as those of a silent one. KEYS[1] is the stream; ARGV are the
-- group, the consumer, the first id, and how many. Returns their ids.
local key, group, consumer = KEYS[1], ARGV[1], ARGV[2]
return run(function()
  local ids = {}
  for i, entry in ipairs(try('XPENDING', key, group, ARGV[3], '+', ARGV[4], consumer)) do ids[i] = entry[1] end
  if #ids > 0 then
    local claim = {'XCLAIM', key, group, consumer, '0'}
    for _, id in ipairs(ids) do claim[#claim + 1] = id end
    claim[#claim + 1] = 'JUSTID'
    try(unpack(claim))
  end
  return table.concat(ids, ' ')
end)
