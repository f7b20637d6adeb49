/** Answers of Ollama 0.34.0 as they were recorded, with fewer tokens; all of three tokens after a prompt of eleven. */
export interface RecordedAnswer {
  readonly route: string;
  readonly streams: boolean;
  readonly text: string;
  /** What it tells about the prompt; a stream of OpenAI's API tells it only when the client asked for it. */
  readonly prompt: number;
  /** Of a stream: what only its third piece of content has. */
  readonly third?: string;
}

const lines = (...texts: readonly string[]): string => texts.map((text) => `${text}\n`).join('');
const events = (...texts: readonly string[]): string => texts.map((text) => `data: ${text}\n\n`).join('');
const named = (...texts: readonly string[]): string =>
  texts.map((text) => `event: ${(JSON.parse(text) as { type: string }).type}\ndata: ${text}\n\n`).join('');

const totals =
  '"done":true,"done_reason":"length","context":[1,4093,198,6004],"total_duration":1028894530,"load_duration":568783873,"prompt_eval_count":11,"prompt_eval_cached_count":3,"prompt_eval_duration":336823000,"eval_count":3,"eval_duration":600000000}';
const generated = (text: string): string =>
  `{"model":"smol","created_at":"2026-11-23T00:45:14.587447801Z","response":${JSON.stringify(text)},`;
const said = (message: string): string =>
  `{"model":"smol","created_at":"2026-11-23T00:45:15.434579251Z","message":{"role":"assistant",${message}},`;
const chunk = (choices: string, usage = ''): string =>
  `{"id":"chatcmpl-145","object":"chat.completion.chunk","created":1795394715,"model":"smol","system_fingerprint":"fp_ollama","choices":[${choices}]${usage}}`;
const delta = (fields: string, reason = 'null'): string => `{"index":0,"delta":{${fields}},"finish_reason":${reason}}`;
const completion = (choices: string, usage: string): string =>
  `{"id":"cmpl-380","object":"text_completion","created":1795394715,"choices":[${choices}],"model":"smol","system_fingerprint":"fp_ollama","usage":${usage}}`;
const used =
  '{"prompt_tokens":11,"prompt_tokens_details":{"cached_tokens":10},"completion_tokens":3,"total_tokens":14}';
const nothingUsed = '{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}';
const block = (field: string): string => `{"type":"content_block_delta","index":0,"delta":{${field}}}`;
const response = (status: string, usage: string): string =>
  `{"background":false,"created_at":1795394715,"error":null,"id":"resp_603122","model":"smol","object":"response","output":[{"content":[{"annotations":[],"logprobs":[],"text":"the company's","type":"output_text"}],"id":"msg_932285","role":"assistant","status":"completed","type":"message"}],"status":"${status}","text":{"format":{"type":"text"}},"usage":${usage}}`;
const inputOutput = '{"input_tokens":11,"output_tokens":3,"total_tokens":14}';
const spoken = (text: string, at: number): string =>
  `{"content_index":0,"delta":${JSON.stringify(text)},"item_id":"msg_932285","logprobs":[],"output_index":0,"sequence_number":${at},"type":"response.output_text.delta"}`;
const messageStart =
  '{"type":"message_start","message":{"id":"msg_388f","type":"message","role":"assistant","model":"smol","content":[],"usage":{"input_tokens":2,"output_tokens":0}}}';
const blockStart = '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}';
const messageEnd = [
  '{"type":"content_block_stop","index":0}',
  '{"type":"message_delta","delta":{"stop_reason":"max_tokens"},"usage":{"input_tokens":1,"cache_read_input_tokens":10,"output_tokens":3}}',
  '{"type":"message_stop"}',
];

export const recordedAnswers: Readonly<Record<string, RecordedAnswer>> = {
  'native generate': {
    route: '/api/generate',
    streams: true,
    third: '"response":" a"',
    prompt: 11,
    text: lines(
      `${generated('To')}"done":false}`,
      `${generated(' build')}"done":false}`,
      `${generated(' a')}"done":false}`,
      generated('') + totals,
    ),
  },
  'native generate in one piece': {
    route: '/api/generate',
    streams: false,
    prompt: 11,
    text: generated('To build a') + totals,
  },
  'native chat': {
    route: '/api/chat',
    streams: true,
    third: '"content":" I"',
    prompt: 11,
    text: lines(
      `${said('"content":"How"')}"done":false}`,
      `${said('"content":" can"')}"done":false}`,
      `${said('"content":" I"')}"done":false}`,
      said('"content":""') + totals,
    ),
  },
  'native chat that thinks and calls a tool': {
    route: '/api/chat',
    streams: true,
    third: 'tool_calls',
    prompt: 11,
    text: lines(
      `${said('"content":"","thinking":"Hm"')}"done":false}`,
      `${said('"content":"","thinking":" so"')}"done":false}`,
      `${said('"content":"","tool_calls":[{"function":{"name":"f","arguments":{"done":true,"eval_count":99}}}]')}"done":false}`,
      said('"content":""') + totals,
    ),
  },
  'native chat in one piece': {
    route: '/api/chat',
    streams: false,
    prompt: 11,
    text: said('"content":"How"') + totals,
  },
  'OpenAI chat': {
    route: '/v1/chat/completions',
    streams: true,
    third: '"content":","',
    prompt: 0,
    text: events(
      chunk(delta('"role":"assistant","content":"Good"')),
      chunk(delta('"content":" evening"')),
      chunk(delta('"content":","')),
      chunk(delta('', '"length"')),
      '[DONE]',
    ),
  },
  'OpenAI chat with usage': {
    route: '/v1/chat/completions',
    streams: true,
    third: '"tool_calls":[',
    prompt: 11,
    text: events(
      chunk(delta('"role":"assistant","content":""')),
      chunk(delta('"reasoning":"I"')),
      chunk(delta('"content":" hope"')),
      chunk(delta('"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]')),
      chunk(delta('', '"tool_calls"')),
      chunk('', `,"usage":${used}`),
      '[DONE]',
    ),
  },
  'OpenAI chat in one piece': {
    route: '/v1/chat/completions',
    streams: false,
    prompt: 11,
    text: `{"id":"chatcmpl-519","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"🌏"},"finish_reason":"length"}],"usage":${used}}\n`,
  },
  'OpenAI completion with usage': {
    route: '/v1/completions',
    streams: true,
    third: '" will"',
    prompt: 11,
    text: events(
      ...['Your', ' character', ' will'].map((text) =>
        completion(`{"text":"${text}","index":0,"finish_reason":null}`, nothingUsed),
      ),
      completion('{"text":"","index":0,"finish_reason":"length"}', nothingUsed),
      completion('', used),
      '[DONE]',
    ),
  },
  'OpenAI responses': {
    route: '/v1/responses',
    streams: true,
    third: '"\'s"',
    prompt: 11,
    text: named(
      `{"response":${response('in_progress', 'null')},"sequence_number":0,"type":"response.created"}`,
      '{"content_index":0,"item_id":"msg_932285","part":{"annotations":[],"text":"","type":"output_text"},"type":"response.content_part.added"}',
      spoken('the', 4),
      spoken(' company', 5),
      spoken("'s", 6),
      '{"content_index":0,"item_id":"msg_932285","sequence_number":9,"text":"the company\'s","type":"response.output_text.done"}',
      `{"response":${response('completed', inputOutput)},"sequence_number":12,"type":"response.completed"}`,
    ),
  },
  'OpenAI responses in one piece': {
    route: '/v1/responses',
    streams: false,
    prompt: 11,
    text: response('completed', inputOutput),
  },
  'Anthropic messages': {
    route: '/v1/messages',
    streams: true,
    third: '"text":" I"',
    prompt: 11,
    text: named(
      messageStart,
      blockStart,
      block('"type":"text_delta","text":"Hello"'),
      block('"type":"text_delta","text":"!"'),
      block('"type":"text_delta","text":" I"'),
      ...messageEnd,
    ),
  },
  'Anthropic messages that think and call a tool': {
    route: '/v1/messages',
    streams: true,
    third: 'partial_json',
    prompt: 11,
    text: named(
      messageStart,
      blockStart,
      block('"type":"thinking_delta","thinking":"Hm"'),
      block('"type":"text_delta","text":"Hello"'),
      block('"type":"input_json_delta","partial_json":"{\\"type\\":\\"message_stop\\"}"'),
      ...messageEnd,
    ),
  },
  'Anthropic messages in one piece': {
    route: '/v1/messages',
    streams: false,
    prompt: 11,
    text: '{"id":"msg_92e4","type":"message","role":"assistant","model":"smol","content":[{"type":"text","text":"Excuse"}],"stop_reason":"max_tokens","usage":{"input_tokens":1,"cache_read_input_tokens":10,"output_tokens":3}}',
  },
};
