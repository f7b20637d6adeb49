import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { connectionFacts } from '../../../scripts/env/connection-facts.js';
import { dotenv } from '../../../scripts/env/dotenv.js';
import { factsJson } from '../../../scripts/env/facts-json.js';
import { typedModule } from '../../../scripts/env/typed-module.js';
import { model } from '../../support/load-plan.js';
import { run } from '../../support/project.js';
import { gatewayManifest, validGateway } from '../gateway-manifest.js';
import { validServer } from '../valid-manifest.js';

const embedder = 'hf.co/team/embed-1:Q4_K_M';
const known = { [embedder]: { contextLength: 2048, embeddingLength: 768 } };

const folder = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-env-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('behind a gateway', () => {
  const models = [model('smollm2:135m'), model(embedder)];
  const servers = [
    { ...validServer, name: 'main-0', models: models.map(({ name }) => name) },
    { ...validServer, name: 'main-1', models: [embedder], contextLength: 1024 },
  ];
  const facts = connectionFacts({ ...gatewayManifest, servers, models }, known);

  it('there is one address, whatever stands behind it', () => {
    expect(facts.servers).toEqual([
      expect.objectContaining({
        name: 'gateway',
        url: 'https://127.0.0.1:11443',
        openaiUrl: 'https://127.0.0.1:11443/v1',
      }),
    ]);
    expect(facts.servers[0]?.models.map(({ name }) => name)).toEqual(models.map(({ name }) => name));
  });

  it('a model holds what every server of it holds', () => {
    expect(facts.servers[0]?.models.find(({ name }) => name === embedder)?.contextLength).toBe(1024);
  });

  it('dotenv says how a key and a trusted authority come about, and holds none', async () => {
    const text = dotenv(facts);
    expect(text).toContain('\nOLLAMA_BASE_URL=https://127.0.0.1:11443\n');
    expect(text.slice(text.indexOf('\n\n'))).toMatchInlineSnapshot(`
      "

      # Every request needs a key (\`npm run keys -- add NAME\`), which OLLAMA_API_KEY holds.
      # OPENAI_API_KEY=\${OLLAMA_API_KEY}
      # The certificate is of the project's own authority: \`npm run tls -- trust --out ca.pem\` writes it; then
      # NODE_EXTRA_CA_CERTS=ca.pem
      # SSL_CERT_FILE=ca.pem
      "
    `);
    const file = path.join(folder, '.env.gateway');
    writeFileSync(file, text);
    const { code, stdout } = await run('sh', ['-euc', `. ${file}; echo "$OPENAI_BASE_URL \${OPENAI_API_KEY:-none}"`], {
      env: {},
    });
    expect([code, stdout]).toEqual([0, 'https://127.0.0.1:11443/v1 none\n']);
  });

  it('a certificate of files needs no hint', () => {
    const tls = { kind: 'files', certificate: 'a.pem', key: 'b.pem', chain: '' } as const;
    const text = dotenv(
      connectionFacts({ ...gatewayManifest, servers, models, gateway: { ...validGateway, tls } }, known),
    );
    expect(text).toContain('OLLAMA_API_KEY');
    expect(text).not.toContain('ca.pem');
  });

  it('JSON and the typed module name the variable of the key, never a key', () => {
    expect(JSON.parse(factsJson(facts))).toMatchObject({
      servers: { gateway: { url: 'https://127.0.0.1:11443' } },
      api_key: '${OLLAMA_API_KEY}',
      own_authority: true,
    });
    expect(typedModule(facts)).toContain('export const apiKeyVariable = "OLLAMA_API_KEY";');
  });
});
