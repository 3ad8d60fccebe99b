-- Adds entries to a stream, all or none, and none twice. KEYS are the stream and the mark of who adds them; ARGV are the
-- number of this call, how many entries the stream may have (0: any), for how many ms the mark is kept, and of each
-- entry a field and its value. Returns 1; or 0 where the stream is full.
local key, mark = KEYS[1], KEYS[2]
return run(function()
  if try('GET', mark) == ARGV[1] then return '1' end
  local count, most, length = (#ARGV - 3) / 2, tonumber(ARGV[2]), try('XLEN', key)
  if most > 0 and length > 0 and length + count > most then return '0' end
  for i = 4, #ARGV, 2 do try('XADD', key, '*', ARGV[i], ARGV[i + 1]) end
  try('SET', mark, ARGV[1], 'PX', ARGV[3])
  return '1'
end)
