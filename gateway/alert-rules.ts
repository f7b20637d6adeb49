import { stringify } from 'yaml';

/** A rule of Prometheus (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules). */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression has to hold. */
  readonly for: string;
  readonly labels: { readonly severity: 'warning' | 'critical' };
  readonly annotations: {
    /** One line, lower case, no full stop. */
    readonly summary: string;
    readonly description: string;
    /** What to do, in our verbs. */
    readonly runbook: string;
  };
}

const days = (count: number): number => count * 86_400;
const certificateLeft = 'ollama_gateway_certificate_expiry_timestamp_seconds - time()';

const renewal =
  '`npm run tls -- show` tells what the certificate is. One of the project: `npm run tls -- renew`, or `npm run up`, which renews it too. One of yours: put the new files where models.yaml names them, then `npm run up`.';

/** What a person should hear of without looking. Thresholds are times and shares, so that they hold for every size. */
export const alertRules: readonly AlertRule[] = [
  {
    alert: 'OllamaGatewayDown',
    expr: 'up{job="gateway"} == 0',
    for: '30s',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'the gateway of {{ $labels.project }} does not answer',
      description: 'Prometheus gets no metrics from {{ $labels.instance }}. Clients probably get nothing either.',
      runbook: '`npm run status`, then `npm run logs -- gateway`; `npm run up` starts it again.',
    },
  },
  {
    alert: 'OllamaServerDown',
    expr: 'ollama_gateway_server_up == 0',
    for: '1m',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'server {{ $labels.server }} is down',
      description:
        "The gateway's checks (GET /api/version) of {{ $labels.server }} fail. Its replicas, if it has any, take its requests.",
      runbook:
        '`npm run status`, then `npm run logs -- {{ $labels.server }}` and `npm run doctor`; `npm run up` starts it again.',
    },
  },
  {
    alert: 'OllamaManifestNotSatisfied',
    expr: 'ollama_gateway_model_available == 0 and on (project, server) ollama_gateway_server_up == 1',
    for: '2m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'server {{ $labels.server }} lacks model {{ $labels.model }}',
      description:
        'models.yaml declares {{ $labels.model }} for {{ $labels.server }}, which runs and does not list it. Its requests answer 404.',
      runbook:
        '`npm run plan` tells what differs, `npm run up` loads it; `npm run verify` checks what is in the store.',
    },
  },
  {
    alert: 'OllamaGpuNotUsed',
    expr: 'ollama_gateway_model_memory_bytes{kind="vram"} == 0 and on (project, server) ollama_gateway_server_gpu_declared == 1',
    for: '1m',
    labels: { severity: 'warning' },
    annotations: {
      summary: '{{ $labels.model }} on {{ $labels.server }} runs without the GPU',
      description:
        'A GPU is declared for {{ $labels.server }}, and {{ $labels.model }} is loaded with nothing of it in video memory.',
      runbook:
        '`npm run doctor` looks for the cause (driver, runtime, free memory), `npm run smoke` proves the repair.',
    },
  },
  {
    alert: 'OllamaQueueGrowing',
    expr: 'min_over_time(ollama_gateway_queue_length[5m]) > 0 and deriv(ollama_gateway_queue_length[5m]) > 0',
    for: '2m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'requests for {{ $labels.pool }} come faster than they are answered',
      description:
        'The queue has not been empty for five minutes and gets longer. At `max_queue` the gateway answers 503.',
      runbook:
        'Raise `replicas` or `num_parallel` of its servers in models.yaml, then `npm run up`; or limit a key (`npm run keys -- list` tells which there are).',
    },
  },
  {
    alert: 'OllamaCertificateEnding',
    expr: `${certificateLeft} < ${days(14)}`,
    for: '1m',
    labels: { severity: 'warning' },
    annotations: {
      summary: 'the certificate of the gateway ends in {{ $value | humanizeDuration }}',
      description: 'Less than 14 days are left. After that no client connects.',
      runbook: renewal,
    },
  },
  {
    alert: 'OllamaCertificateEndsSoon',
    expr: `${certificateLeft} < ${days(2)}`,
    for: '1m',
    labels: { severity: 'critical' },
    annotations: {
      summary: 'the certificate of the gateway ends in {{ $value | humanizeDuration }}',
      description: 'Less than two days are left. After that no client connects.',
      runbook: renewal,
    },
  },
  {
    alert: 'OllamaErrorsHigh',
    expr:
      'sum by (project, model) (rate(ollama_gateway_requests_total{code=~"5.."}[5m]))' +
      ' / sum by (project, model) (rate(ollama_gateway_requests_total[5m])) > 0.05',
    for: '2m',
    labels: { severity: 'critical' },
    annotations: {
      summary: '{{ $value | humanizePercentage }} of the requests for {{ $labels.model }} fail',
      description: 'More than 5 % of the requests of the last five minutes were answered with 500 or more.',
      runbook:
        '`npm run logs -- gateway` tells status and server of each request; then `npm run logs` of that server, and `npm run doctor`.',
    },
  },
];

/** The rules as a file of Prometheus. */
export function alertRulesFile(): string {
  return stringify({ groups: [{ name: 'ollama-gateway', rules: alertRules }] }, { lineWidth: 0 });
}
