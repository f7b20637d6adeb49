import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import getPort from 'get-port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLua } from '../../gateway/gateway-files.js';
import { modelNameKey, parseModelRef } from '../../manifest/model-ref.js';
import { debianPrograms } from '../support/debian-programs.js';
import { repository } from '../support/project.js';
import { randomNumbers } from '../support/random-numbers.js';
import { answersAt, startProcess, type TestProcess } from '../support/test-process.js';

// The programs run where they always run, in HAProxy; a service there says what json.lua and names.lua make of a body.
const probe = `
local json, names = require("json"), require("names")
local function written(value)
  if type(value) == "string" then return json.quote(value) end
  if value == json.null then return "null" end
  if math.type(value) == "float" then return string.format("%.17g", value) end
  if type(value) ~= "table" then return tostring(value) end
  local parts, list = {}, #value > 0
  for key, item in pairs(value) do parts[#parts + 1] = (list and "" or json.quote(key) .. ":") .. written(item) end
  return (list and "[" or "{") .. table.concat(parts, ",") .. (list and "]" or "}")
end
local ways = {}
function ways.decode(text)
  local value = json.decode(text)
  return value == nil and "refused" or written(value)
end
function ways.children(text)
  local list = json.children(text)
  if not list then return "refused" end
  local parts = {}
  for index, child in ipairs(list) do
    local raw = json.quote(text:sub(child.from, child.to))
    parts[index] = child.key and "[" .. json.quote(child.key) .. "," .. raw .. "]" or raw
  end
  return "[" .. table.concat(parts, ",") .. "]"
end
function ways.name(text) return names.key(text) or "refused" end
core.register_service("probe", "http", function(applet)
  local text = applet:receive()
  local answer = ways[applet.path:sub(2)](text)
  applet:set_status(200)
  applet:add_header("content-length", tostring(#answer))
  applet:start_response()
  applet:send(answer)
end)
`;

let folder: string;
let url: string;
let running: TestProcess;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-json-'));
  const port = await getPort({ host: '127.0.0.1' });
  url = `http://127.0.0.1:${port}`;
  await mkdir(path.join(folder, 'lua'));
  for (const [name, text] of Object.entries({ ...(await readLua(repository)), 'probe.lua': probe }))
    await writeFile(path.join(folder, 'lua', name), text);
  const config = [
    'global\n default-path config\n nbthread 1\n lua-prepend-path lua/?.lua\n lua-load lua/probe.lua',
    'defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s',
    `frontend probe\n bind 127.0.0.1:${port}\n http-request use-service lua.probe`,
  ];
  await writeFile(path.join(folder, 'haproxy.cfg'), `${config.join('\n')}\n`);
  const { haproxy } = await debianPrograms();
  const env = Object.entries(haproxy.env).map(([name, value]) => `${name}=${value}`);
  const argv = ['env', ...env, haproxy.path, '-db', '-f', path.join(folder, 'haproxy.cfg')];
  running = await startProcess(argv, path.join(folder, 'log'), async () => answersAt(`${url}/name`));
});

afterAll(async () => {
  await running?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function ask(way: 'decode' | 'children' | 'name', text: string | Buffer): Promise<string> {
  const response = await fetch(`${url}/${way}`, { method: 'POST', body: text });
  return response.text();
}

/** As decode gives it: without members that are null; an empty list cannot be told from an empty object. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? {} : value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, plain(item)]),
  );
}

const valid = [
  ['true', 'false', '0', '-0.5', '12', '1e3', '1E+3', '1.25e-2', '""', '"a"', '[]', '{}', '[1]', '[[],{}]'],
  ['[1,"a",true,{"b":[2]}]', ' {"a" : 1 , "b" : [ 1 , 2 ] } ', '{"a":null,"b":1}', '[null,1]', '{"":""}'],
  String.raw`"\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00"`,
  String.raw`{"a\"b":"c\\","d":"\\\""}`,
  '"ü€😀"',
  '{"a":"}","b":"]","c":"[{"}',
].flat();

const invalid = [
  ['', ' ', 'x', 'nul', 'truex', '"', '"a', '"\\"', '[', '{', '[1', '{"a"', '{"a":', '{"a":1', '[1,', '[1,]', '[,1]'],
  [
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{a:1}',
    "{'a':1}",
    '[1 2]',
    '{"a":1 "b":2}',
    '{"a" 1}',
    '01',
    '-',
    '+1',
    '1.',
    '.5',
    '1e',
  ],
  ['1e+', '0x1', '1-2', '--1', 'NaN', 'Infinity', '[1]]', '{}{}', '[] x', '[1}', '{"a":1]', '"a" "b"', '[[]'],
  [String.raw`"\x"`, String.raw`"\u12"`, String.raw`"\u12g4"`, '{1:2}', '{"a":tru}', '[1,,2]'],
].flat();

describe('decode', () => {
  it.each(valid)('reads %s', async (text) => {
    expect(plain(JSON.parse(await ask('decode', text)))).toEqual(plain(JSON.parse(text)));
  });

  it.each(invalid)('refuses %s', async (text) => {
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    expect(await ask('decode', text)).toBe('refused');
  });

  it('reads lone surrogates as Go does', async () => {
    expect(JSON.parse(await ask('decode', String.raw`"\ud83dx\ude00"`))).toBe('\uFFFDx\uFFFD');
    expect(JSON.parse(await ask('decode', String.raw`"\ud83d\u0041"`))).toBe('\uFFFDA');
  });

  it('reads what a random writer writes', async () => {
    const next = randomNumbers(7);
    const characters = ['a', '"', '\\', '/', '\n', '\t', '{', '}', '[', ']', ':', ',', 'ü', '😀', '\u0001'];
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const value = (depth: number): unknown => {
      const kind = pick(depth > 4 ? ['s', 'n', 'b'] : ['s', 'n', 'b', 'a', 'o']);
      if (kind === 's') return Array.from({ length: 6 }, () => pick(characters)).join('');
      if (kind === 'n') return pick([0, 1, -7, 1.5, 1e21, -2.5e-7, 123_456_789]);
      if (kind === 'b') return pick([true, false]);
      const items = Array.from({ length: 1 + Math.floor(next() * 4) }, () => value(depth + 1));
      return kind === 'a'
        ? items
        : Object.fromEntries(items.map((item, index) => [`${pick(['k', '"', '\\'])}${index}`, item]));
    };
    for (let turn = 0; turn < 150; turn += 1) {
      const made = [value(0)];
      expect(JSON.parse(await ask('decode', JSON.stringify(made)))).toEqual(made);
    }
  });
});

describe('children', () => {
  it('finds members and elements as they stand, without looking inside', async () => {
    const text = ' { "a" : 1 , "b":[1,{"c":"}"}], "a":"x\\"y", "\\u0062" : {} } ';
    expect(JSON.parse(await ask('children', text))).toEqual([
      ['a', '1'],
      ['b', '[1,{"c":"}"}]'],
      ['a', '"x\\"y"'],
      ['b', '{}'],
    ]);
    expect(JSON.parse(await ask('children', '[1, [2] ,"3"]'))).toEqual(['1', '[2]', '"3"']);
    for (const empty of ['{}', '[]', ' [ ] ']) expect(await ask('children', empty)).toBe('[]');
  });

  it.each([...invalid, '1', '"a"', 'true', 'null'])('refuses %s', async (text) => {
    expect(await ask('children', text)).toBe('refused');
  });
});

describe('names of models', () => {
  const long = 'x'.repeat(80);
  const names = [
    ['chat', 'chat:latest', 'Chat:LATEST', 'smollm2:135m', 'library/chat', 'me/chat', 'hf.co/User/repo-GGUF:Q4_K_M'],
    [
      'localhost:5000/library/chat',
      'localhost:5000/me/chat:1',
      '_a',
      'a.b-c_d',
      'registry.ollama.ai/library/chat',
      long,
    ],
    [
      `${long}x`,
      `chat:${long}`,
      `chat:${long}x`,
      `${long}/chat`,
      `${long}x/chat`,
      'me.too/chat',
      'a/b/c/d',
      '',
      ':',
      'chat:',
    ],
    [
      ':chat',
      '/chat',
      'chat/',
      'a//b',
      '//chat',
      'chat:a:b',
      '.chat',
      '-chat',
      'chat ',
      ' chat',
      'chät',
      'a\\b',
      'chat@sha256:0',
    ],
    [
      'https://x/y/z',
      '../chat',
      'a/../b',
      'chat:../b',
      'x:y/chat',
      `${'h'.repeat(350)}/me/chat`,
      `${'h'.repeat(351)}/me/chat`,
    ],
  ].flat();
  it.each(names)('are the same as in the manifest: %s', async (name) => {
    const refused = parseModelRef(name).ref === undefined;
    expect(await ask('name', name)).toBe(refused ? 'refused' : modelNameKey(name));
  });
});
