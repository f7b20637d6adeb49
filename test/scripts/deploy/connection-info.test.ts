import { expect, it } from 'vitest';
import { connectionInfo } from '../../../scripts/deploy/connection-info.js';
import { validManifest, validServer } from '../valid-manifest.js';

it('tells addresses, models, a command that answers and how to stop', () => {
  expect(connectionInfo(validManifest)).toMatchInlineSnapshot(`
    "
    Ollama     http://127.0.0.1:21434        models: smollm2:135m
    OpenAI     http://127.0.0.1:21434/v1
    try        curl http://127.0.0.1:21434/api/generate -d '{"model":"smollm2:135m","prompt":"Why is the sky blue?"}'
    stop       npm run down
    "
  `);
});

it('names the servers when there are several', () => {
  const servers = [validServer, { ...validServer, name: 'second', port: 21435, models: [] }];
  const text = connectionInfo({ ...validManifest, servers });
  expect(text).toContain('server: second   models: none');
  expect(text).toContain('http://127.0.0.1:21435/v1');
});

it('proposes no command without a model', () => {
  expect(connectionInfo({ ...validManifest, servers: [{ ...validServer, models: [] }] })).not.toContain('curl');
});
