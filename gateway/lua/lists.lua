-- The lists of models, answered at the door: one place that knows every server and what the key may use.
local json, names, facts, refusals = require("json"), require("names"), require("facts"), require("refusals")
local grants, offers = require("grants"), require("offers")

local function any_up()
  for _, server in ipairs(offers.servers) do
    if server.up and server.version then return true end
  end
  return false
end

-- One entry a model that the record's key may use and a server that is up has, in the order of the manifest.
local function offered(may_use)
  local list = {}
  for _, model in ipairs(facts.models) do
    for _, server in ipairs(offers.servers) do
      local text = server.up and server.tags[model.name]
      if text and may_use(model.key) then
        list[#list + 1] = { model = model, text = text }
        break
      end
    end
  end
  return list
end

local function texts(list)
  local parts = {}
  for index, item in ipairs(list) do parts[index] = item.text end
  return table.concat(parts, ",")
end

-- Seconds since 1970 of RFC 3339.
local function epoch(text)
  local y, m, d, h, min, s, zone = tostring(text):match("^(%d+)-(%d+)-(%d+)[Tt](%d+):(%d+):(%d+)%.?%d*(.*)$")
  if not y then return 0 end
  y, m = tonumber(y), tonumber(m)
  -- Counts years from March, so that a leap day is the last of its year.
  local years = m <= 2 and y - 1 or y
  local days = (153 * ((m + 9) % 12) + 2) // 5 + d - 1
  days = days + years * 365 + years // 4 - years // 100 + years // 400 - 719468
  local sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
  local offset = sign and (hours * 3600 + minutes * 60) * (sign == "-" and -1 or 1) or 0
  return math.floor(days * 86400 + h * 3600 + min * 60 + s - offset)
end

local function as_openai(item)
  local entry = json.decode(item.text)
  return string.format(
    '{"id":%s,"object":"model","created":%d,"owned_by":"library"}',
    json.quote(entry.name),
    epoch(entry.modified_at)
  )
end

local answers = {}

answers["/api/tags"] = function(_, may_use) return '{"models":[' .. texts(offered(may_use)) .. "]}" end

-- Every instance: three replicas that hold a model are three entries.
answers["/api/ps"] = function(_, may_use)
  local list = {}
  for _, server in ipairs(offers.servers) do
    for _, item in ipairs(server.up and server.loaded or {}) do
      if may_use(names.key(item.model)) then list[#list + 1] = item end
    end
  end
  return '{"models":[' .. texts(list) .. "]}"
end

answers["/api/version"] = function()
  for _, server in ipairs(offers.servers) do
    if server.up and server.version then return '{"version":' .. json.quote(server.version) .. "}" end
  end
end

answers["/v1/models"] = function(_, may_use)
  local list = {}
  for index, item in ipairs(offered(may_use)) do list[index] = { text = as_openai(item) } end
  return '{"object":"list","data":[' .. texts(list) .. "]}"
end

answers["/v1/models/*"] = function(path, may_use)
  local name = path:sub(#"/v1/models/" + 1):gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  local key = names.key(name)
  for _, item in ipairs(offered(may_use)) do
    if item.model.key == key then return as_openai(item) end
  end
  return nil, 404, "model '" .. name:sub(1, 200) .. "' not found"
end

local function answer(applet)
  offers.settle()
  if not any_up() then return nil, 503 end
  local record = applet:get_var("txn.record")
  local may_use = function(key) return grants.may_use(record, key) end
  return answers[applet:get_var("txn.route")](applet.path, may_use)
end

core.register_service("lists", "http", function(applet)
  local fine, text, status, why = pcall(answer, applet)
  if not fine then
    core.log(core.err, "lists: " .. tostring(text))
    text, status = nil, 500
  end
  local body = text or refusals.body(applet:get_var("txn.api"), status, why)
  applet:set_status(text and 200 or status)
  applet:add_header("content-type", "application/json; charset=utf-8")
  applet:add_header("content-length", tostring(#body))
  if status == 503 then applet:add_header("retry-after", "1") end
  applet:start_response()
  applet:send(body)
end)
