-- What the servers offer, asked of each every few seconds. lists.lua and metrics.lua read `offers.servers`.
local json, names, facts = require("json"), require("names"), require("facts")

-- Seconds.
local tick, tags_every, loaded_every, timeout, patience = 0.5, 5, 2, 2, 3

-- A server: { name, container, pool (the first it is in), gpu, models (declared names, a list), up (by HAProxy's checks),
-- polled (its lists have been asked for), version, tags, loaded }.
-- tags: by declared name, the entry of /api/tags as JSON text; loaded: a list of { model (declared name), size, vram (bytes), text }.
local offers = { servers = {} }

local declared = {}
for _, model in ipairs(facts.models) do declared[model.key] = model end

for _, server in ipairs(facts.servers) do
  local models = {}
  for _, model in ipairs(facts.models) do
    for _, pool in ipairs(server.pools) do
      if pool == model.pool then models[#models + 1] = model.name end
    end
  end
  offers.servers[#offers.servers + 1] = {
    name = server.name,
    container = server.container,
    pool = server.pools[1],
    gpu = server.gpu,
    models = models,
    up = false,
    polled = false,
    tags = {},
    loaded = {},
  }
end

local function includes(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

-- Entries of the list `models` of an answer that are declared for the server: { model, text, entry }.
local function entries(server, text)
  local found = {}
  for _, child in ipairs(json.children(text) or {}) do
    local list = child.key == "models" and text:sub(child.from, child.to)
    for _, place in ipairs(list and json.children(list) or {}) do
      local raw = list:sub(place.from, place.to)
      local entry = json.decode(raw)
      local name = type(entry) == "table" and entry.name
      local model = type(name) == "string" and declared[names.key(name)]
      if model and includes(server.models, model.name) then
        found[#found + 1] = { model = model, text = raw, entry = entry }
      end
    end
  end
  return found
end

local function get(address, path)
  local answer = core.httpclient():get({
    url = "http://" .. address .. path,
    headers = { host = { "localhost" } },
    timeout = timeout * 1000,
  })
  return answer and answer.status == 200 and answer.body or nil
end

local function poll_tags(server, address)
  local text = get(address, "/api/tags")
  if not text then return false end
  local tags = {}
  for _, found in ipairs(entries(server, text)) do tags[found.model.name] = found.text end
  server.tags = tags
  local version = json.decode(get(address, "/api/version") or "")
  server.version = type(version) == "table" and version.version or server.version
  return true
end

local function poll_loaded(server, address)
  local text = get(address, "/api/ps")
  if not text then return end
  local loaded = {}
  for _, found in ipairs(entries(server, text)) do
    local entry = found.entry
    local size, vram = tonumber(entry.size) or 0, tonumber(entry.size_vram) or 0
    loaded[#loaded + 1] = { model = found.model.name, size = size, vram = vram, text = found.text }
  end
  server.loaded = loaded
end

local function seconds()
  local now = core.now()
  return now.sec + now.usec / 1e6
end

local function line_of(server) return core.backends[server.pool].servers[server.container] end

local function watch()
  for _, server in ipairs(offers.servers) do
    server.up = line_of(server):get_stats().status:find("^UP") ~= nil
    -- What is not there has nothing to tell.
    if not server.up then server.polled = true end
  end
end

local function poll(server, due)
  local address = line_of(server):get_addr()
  if not server.up or not address:find("^[%d.]+:%d+$") then
    -- Asked as soon as it is back.
    due.tags, due.loaded = 0, 0
    return
  end
  -- One that does not answer is asked again at the next tick.
  if seconds() >= due.tags and poll_tags(server, address) then due.tags = seconds() + tags_every end
  server.polled = true
  if seconds() >= due.loaded then
    poll_loaded(server, address)
    due.loaded = seconds() + loaded_every
  end
end

-- Does it again and again. A process that was replaced only ends what it began.
local function repeatedly(work, ...)
  while core.get_info().Stopping ~= "1" do
    local fine, fault = pcall(work, ...)
    if not fine then core.log(core.err, "offers: " .. tostring(fault)) end
    core.msleep(math.floor(tick * 1000))
  end
end

-- Apart, because one that is gone lets its asker wait for seconds.
core.register_task(function() repeatedly(watch) end)
for _, server in ipairs(offers.servers) do
  core.register_task(function() repeatedly(poll, server, { tags = 0, loaded = 0 }) end)
end

local function all_polled()
  for _, server in ipairs(offers.servers) do
    if not server.polled then return false end
  end
  return true
end

-- Waits until every server has been asked once, or could not be: at most some seconds.
function offers.settle()
  local deadline = seconds() + patience
  while not all_polled() and seconds() < deadline do core.msleep(20) end
end

return offers
