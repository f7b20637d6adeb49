import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { alertRules, alertRulesFile, type AlertRule } from '../../gateway/alert-rules.js';
import { promtool } from '../support/prometheus.js';

/** Series in promtool's words (`0+1x10`: eleven values from 0 upwards), one every five seconds. */
type Series = Readonly<Record<string, string>>;

interface Story {
  readonly fires: {
    readonly series: Series;
    /** Long enough for the rule's `for`. */
    readonly at: string;
    /** A time at which it does not yet. */
    readonly before: string;
    readonly labels: Readonly<Record<string, string>>;
    /** What `$value` is written as. */
    readonly value?: string;
  };
  /** Of none of these it fires, at any of the times. */
  readonly quiet: Readonly<Record<string, Series>>;
}

const server = 'project="team",server="main"';
const day = 86_400;
const certificate = 'ollama_gateway_certificate_expiry_timestamp_seconds{project="team"}';
const requests = (code: string, model = 'chat'): string =>
  `ollama_gateway_requests_total{project="team",route="/api/chat",model="${model}",key="alice",code="${code}"}`;
const ofModel = { project: 'team', server: 'main', model: 'chat' };
const queue = 'ollama_gateway_queue_length{project="team",pool="pool-0"}';

const stories: Readonly<Record<string, Story>> = {
  OllamaGatewayDown: {
    fires: {
      series: { 'up{job="gateway",instance="team-gateway:9464",project="team"}': '1x2 0x100' },
      before: '20s',
      at: '1m',
      labels: { job: 'gateway', instance: 'team-gateway:9464', project: 'team' },
    },
    quiet: {
      'it answers': { 'up{job="gateway",project="team"}': '1x200' },
      'it is away for 20 seconds': { 'up{job="gateway",project="team"}': '1x10 0x4 1x200' },
      'only the exporter of HAProxy is away': { 'up{job="haproxy",project="team"}': '0x200' },
    },
  },
  OllamaServerDown: {
    fires: {
      series: { [`ollama_gateway_server_up{${server}}`]: '1x2 0x100' },
      before: '1m',
      at: '2m',
      labels: { project: 'team', server: 'main' },
    },
    quiet: {
      'it is up': { [`ollama_gateway_server_up{${server}}`]: '1x200' },
      'it starts again within a minute': { [`ollama_gateway_server_up{${server}}`]: '1x10 0x10 1x200' },
    },
  },
  OllamaManifestNotSatisfied: {
    fires: {
      series: {
        [`ollama_gateway_model_available{${server},model="chat"}`]: '0x100',
        [`ollama_gateway_model_available{${server},model="embed"}`]: '1x100',
        [`ollama_gateway_server_up{${server}}`]: '1x100',
      },
      before: '1m',
      at: '3m',
      labels: ofModel,
    },
    quiet: {
      'it is there': {
        [`ollama_gateway_model_available{${server},model="chat"}`]: '1x200',
        [`ollama_gateway_server_up{${server}}`]: '1x200',
      },
      'the server is down, which has an alert of its own': {
        [`ollama_gateway_model_available{${server},model="chat"}`]: '0x200',
        [`ollama_gateway_server_up{${server}}`]: '0x200',
        'ollama_gateway_server_up{project="team",server="other"}': '1x200',
      },
      'it is being loaded': {
        [`ollama_gateway_model_available{${server},model="chat"}`]: '0x20 1x200',
        [`ollama_gateway_server_up{${server}}`]: '1x200',
      },
    },
  },
  OllamaGpuNotUsed: {
    fires: {
      series: {
        [`ollama_gateway_model_memory_bytes{${server},model="chat",kind="vram"}`]: '0x100',
        [`ollama_gateway_model_memory_bytes{${server},model="chat",kind="total"}`]: '1000x100',
        [`ollama_gateway_server_gpu_declared{${server}}`]: '1x100',
      },
      before: '30s',
      at: '90s',
      labels: { ...ofModel, kind: 'vram' },
    },
    quiet: {
      'the model is on the GPU': {
        [`ollama_gateway_model_memory_bytes{${server},model="chat",kind="vram"}`]: '1000x200',
        [`ollama_gateway_server_gpu_declared{${server}}`]: '1x200',
      },
      'the server has none': {
        [`ollama_gateway_model_memory_bytes{${server},model="chat",kind="vram"}`]: '0x200',
        [`ollama_gateway_server_gpu_declared{${server}}`]: '0x200',
      },
      'nothing is loaded': { [`ollama_gateway_server_gpu_declared{${server}}`]: '1x200' },
    },
  },
  OllamaQueueGrowing: {
    fires: {
      series: { [queue]: '1+1x200' },
      before: '1m',
      at: '8m',
      labels: { project: 'team', pool: 'pool-0' },
    },
    quiet: {
      'it is long, and stays so': { [queue]: '50x200' },
      'it gets shorter': { [queue]: '300-1x200' },
      'it is empty from time to time': { [queue]: Array.from({ length: 20 }, (_, at) => `0 ${at + 1}+1x8`).join(' ') },
    },
  },
  OllamaCertificateEnding: {
    fires: {
      series: { [certificate]: `${13 * day}x100` },
      before: '30s',
      at: '2m',
      labels: { project: 'team' },
      value: '12d 23h 58m 0s',
    },
    quiet: { '15 days are left': { [certificate]: `${15 * day}x200` }, 'there is none': {} },
  },
  OllamaCertificateEndsSoon: {
    fires: {
      series: { [certificate]: `${day}x100` },
      before: '30s',
      at: '2m',
      labels: { project: 'team' },
      value: '23h 58m 0s',
    },
    quiet: { '13 days are left': { [certificate]: `${13 * day}x200` } },
  },
  OllamaErrorsHigh: {
    fires: {
      series: {
        [requests('200')]: '0+9x200',
        [requests('503')]: '0+1x200',
        [requests('200', 'embed')]: '0+9x200',
      },
      before: '1m',
      at: '8m',
      labels: { project: 'team', model: 'chat' },
      value: '10%',
    },
    quiet: {
      'one in a hundred': { [requests('200')]: '0+99x200', [requests('500')]: '0+1x200' },
      'half of all are refused': { [requests('200')]: '0+1x200', [requests('401')]: '0+1x200' },
    },
  },
};

/** As Prometheus fills the templates of annotations. */
function annotations({ annotations: texts }: AlertRule, labels: Readonly<Record<string, string>>, value = ''): unknown {
  const filled = Object.entries(texts).map(([name, text]) => [
    name,
    text
      .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? `no label ${label}`)
      .replaceAll(/\{\{ \$value \| \w+ \}\}/g, value),
  ]);
  return Object.fromEntries(filled);
}

function test(rule: AlertRule, series: Series, expected: Readonly<Record<string, readonly unknown[]>>): unknown {
  return {
    interval: '5s',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    alert_rule_test: Object.entries(expected).map(([time, alerts]) => ({
      eval_time: time,
      alertname: rule.alert,
      exp_alerts: alerts,
    })),
  };
}

const testRules = async (tests: readonly unknown[]): Promise<{ code: number; output: string }> =>
  promtool(['test', 'rules', 'tests.yml'], {
    'rules.yml': alertRulesFile(),
    'tests.yml': stringify({ rule_files: ['rules.yml'], evaluation_interval: '5s', tests }),
  });

const story = ({ alert }: AlertRule): Story => {
  const told = stories[alert];
  if (!told) throw new Error(`no story of ${alert}`);
  return told;
};

it('promtool takes the rules', async () => {
  const { code, output } = await promtool(['check', 'rules', 'rules.yml'], { 'rules.yml': alertRulesFile() });
  expect(output).toContain(`SUCCESS: ${alertRules.length} rules found`);
  expect(code).toBe(0);
});

describe.each(alertRules)('$alert', (rule) => {
  const { fires, quiet } = story(rule);

  it('fires when it holds long enough, and its texts name what it is about', async () => {
    const labels = { ...rule.labels, ...fires.labels };
    const alert = { exp_labels: labels, exp_annotations: annotations(rule, labels, fires.value) };
    const { code, output } = await testRules([test(rule, fires.series, { [fires.before]: [], [fires.at]: [alert] })]);
    expect(output).toContain('SUCCESS');
    expect(code).toBe(0);
  });

  it.each(Object.entries(quiet))('does not fire when %s', async (_, series) => {
    const times = ['30s', '1m', '90s', '2m', '3m', '5m', '8m', '12m'];
    const { code, output } = await testRules([test(rule, series, Object.fromEntries(times.map((at) => [at, []])))]);
    expect(output).toContain('SUCCESS');
    expect(code).toBe(0);
  });

  it('tells what to do with a verb of ours', () => {
    expect(rule.annotations.runbook).toMatch(/`npm run (status|plan|up|doctor|tls)\b/);
  });
});
