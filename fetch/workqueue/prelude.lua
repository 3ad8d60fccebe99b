-- What all scripts begin with: try is redis.call, whose error ends what run runs, and is returned with a code that is
-- the same in every version.
local failed
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then
    local text = reply.err
    if string.find(text, "can't run this", 1, true) or string.find(text, 'no permission', 1, true) or
      string.find(text, "can't access at least one of the keys", 1, true) then
      text = 'NOPERM ' .. text
    elseif string.find(text, 'nknown') and string.find(text, 'command', 1, true) then
      text = 'UNKNOWN ' .. text
    end
    failed = {err = text}
    error('failed')
  end
  return reply
end
local function run(what)
  local ok, reply = pcall(what)
  if failed then return failed end
  if not ok then return {err = 'ERR ' .. tostring(reply)} end
  return reply
end

