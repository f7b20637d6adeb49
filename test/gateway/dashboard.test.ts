import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { alertRules } from '../../gateway/alert-rules.js';
import { dashboard, type Target } from '../../gateway/dashboard.js';
import { datasource } from '../../gateway/grafana-provisioning.js';
import { observeFiles } from '../../gateway/observe-files.js';
import { ollamaDouble, tagEntry, type OllamaDouble } from '../support/ollama-double.js';
import { promtool, startPrometheus, type Sample, type TestPrometheus } from '../support/prometheus.js';
import { meteredGateway, onePool, scripted, type MeteredGateway } from './metered-gateway.js';

const plan = { project: 'team', container: 'team-gateway' };
const files = observeFiles(plan);
const file = (name: string): string => files[name] ?? '';
const { panels, ...board } = dashboard('team');
const expressions = panels.flatMap(({ title, targets }) => targets.map(({ expr }): [string, string] => [title, expr]));
const piece = (text: string): string => `{"response":"${text}","done":false}\n`;

let double: OllamaDouble;
let gateway: MeteredGateway;
let prometheus: TestPrometheus;

beforeAll(async () => {
  double = await ollamaDouble(['chat:latest', 'embed:latest']);
  double.loaded = [{ ...tagEntry('chat:latest'), size: 1000, size_vram: 600 }];
  const ports = { 'test-main': double.port };
  gateway = await meteredGateway({ pools: onePool(['chat', 'embed']), ports, certificateEnd: Date.now() / 1000 + 1e6 });
  const target = new URL(gateway.door.metricsUrl).host;
  // As deployed, but of this gateway, and twenty times as often.
  const config = file('prometheus.yml')
    .replaceAll('team-gateway:9464', target)
    .replaceAll(/: 5s$/gm, ': 250ms')
    .replaceAll(/: 4s$/gm, ': 200ms');
  prometheus = await startPrometheus({ 'prometheus.yml': config, 'rules.yml': file('rules.yml') });
});

afterAll(async () => {
  for (const part of [prometheus, gateway, double]) await part?.[Symbol.asyncDispose]();
});

/** One answer of each kind, by the real ways. */
async function traffic(): Promise<void> {
  const body = { model: 'chat', prompt: 'x' };
  double.answer = scripted({
    pieces: [piece('a'), 5, piece('b'), '{"response":"","done":true,"eval_count":2,"prompt_eval_count":5}\n'],
  });
  await gateway.post('/api/generate', body);
  double.answer = scripted({ pieces: [piece('a'), 20], ending: 'cut' });
  await gateway.post('/api/generate', body);
  double.answer = scripted({ status: 500, pieces: ['{"error":"x"}'] });
  await gateway.post('/api/generate', body);
  double.answer = scripted({ pieces: ['{"embeddings":[[1]],"prompt_eval_count":3}'] });
  await gateway.post('/api/embed', { model: 'embed', input: 'x' });
  await gateway.post('/api/generate', body, { key: 'wrong' });
}

/** As Grafana fills its variables, with everything chosen. */
const filled = (expr: string): string => expr.replaceAll('$__rate_interval', '5s').replaceAll(/\$(model|key)\b/g, '.*');

async function eventually(expr: string): Promise<readonly Sample[]> {
  return vi.waitFor(
    async () => {
      await traffic();
      const samples = (await prometheus.query(expr)).filter(({ value }) => Number.isFinite(value));
      if (samples.length === 0) throw new Error(`no data: ${expr}`);
      return samples;
    },
    { timeout: 15_000, interval: 50 },
  );
}

it('promtool takes the configuration', async () => {
  const { code, output } = await promtool(['check', 'config', 'prometheus.yml'], files);
  expect(output).toContain(`SUCCESS: ${alertRules.length} rules found`);
  expect(code).toBe(0);
});

it('Prometheus gets both pages, named after the project', async () => {
  const samples = await eventually('count by (job) (up{project="team"} == 1) and on () count(up == 1) == 2');
  expect(new Set(samples.map(({ labels }) => labels.job))).toEqual(new Set(['gateway', 'haproxy']));
});

describe('every query of the dashboard returns data of a gateway that served requests', () => {
  it.each(expressions)('%s: %s', async (_, expr) => {
    expect(filled(expr)).not.toContain('$');
    const samples = await eventually(filled(expr));
    expect(samples.length).toBeGreaterThan(0);
  });

  it('a choice of model and key leaves the others out', async () => {
    const byModel = expressions.find(([title]) => title === 'Requests by model')?.[1] ?? '';
    const samples = await eventually(filled(byModel.replaceAll('$model', 'chat').replaceAll('$key', 'alice')));
    expect(samples.map(({ labels }) => labels)).toEqual([{ model: 'chat' }]);
  });

  it('the numbers are right: a fifth of the requests for the model fail, and are cut', async () => {
    await eventually('sum(rate(ollama_gateway_requests_total[5s]))');
    const counts = await gateway.samples();
    const label = 'route="/api/generate",model="chat",key="alice"';
    expect(counts.get(`requests_total{${label},code="500"}`)).toBe(
      (counts.get(`requests_total{${label},code="200"}`) ?? 0) / 2,
    );
    expect(counts.get('incomplete_total{model="chat",key="alice"}')).toBe(
      counts.get(`requests_total{${label},code="500"}`),
    );
  });
});

describe('alerts', () => {
  it('each asks for metrics that there are', async () => {
    const names = alertRules.flatMap(({ expr }) => expr.match(/ollama_gateway_\w+|\bup\b/g) ?? []);
    expect(names.length).toBeGreaterThanOrEqual(alertRules.length);
    for (const name of new Set(names)) await eventually(`{__name__="${name}"}`);
  });

  it('Prometheus evaluates all of them without an error', async () => {
    interface Rules {
      readonly data: { readonly groups: readonly { readonly rules: readonly { name: string; health: string }[] }[] };
    }
    await vi.waitFor(async () => {
      const { data } = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()) as Rules;
      const health = data.groups.flatMap(({ rules }) => rules.map((rule) => [rule.name, rule.health]));
      expect(health).toEqual(alertRules.map(({ alert }) => [alert, 'ok']));
    });
  });
});

describe('files of Grafana', () => {
  it('the dashboard file is the dashboard, and its provider looks where it lies', () => {
    expect(JSON.parse(file('grafana/dashboards/ollama.json'))).toEqual({ ...board, panels });
    const { providers } = parse(file('grafana/provisioning/dashboards/ollama.yml')) as {
      providers: { options: { path: string } }[];
    };
    expect(providers.map(({ options }) => options.path)).toEqual(['/gateway/observe/grafana/dashboards']);
  });

  it('the data source is the one that the panels ask', () => {
    const { datasources } = parse(file('grafana/provisioning/datasources/prometheus.yml')) as {
      datasources: Record<string, unknown>[];
    };
    expect(datasources).toEqual([expect.objectContaining({ ...datasource, url: 'http://team-prometheus:9090' })]);
    const asked = panels.flatMap(({ targets }) => targets.map((target: Target) => target.datasource.uid));
    expect(new Set(asked)).toEqual(new Set([datasource.uid]));
  });

  it('panels have numbers of their own and do not overlap', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('two targets of a panel have different names', () => {
    for (const { targets } of panels)
      expect(new Set(targets.map(({ legendFormat }) => legendFormat)).size).toBe(targets.length);
  });
});
