import { stringify } from 'yaml';
import { gatewayPorts } from '../manifest/gateway-plan.js';
import type { GatewayPlan } from '../manifest/gateway-plan.js';

/** Seconds between two looks of Prometheus at the gateway. */
const scrapeInterval = 5;

/** Which Prometheus asks whom: our own metrics are the job `gateway`, those of HAProxy's exporter `haproxy`. */
export function prometheusConfig({ project, container }: Pick<GatewayPlan, 'project' | 'container'>): string {
  const targets = [{ targets: [`${container}:${gatewayPorts.metrics}`], labels: { project } }];
  return stringify({
    global: {
      scrape_interval: `${scrapeInterval}s`,
      scrape_timeout: `${scrapeInterval - 1}s`,
      evaluation_interval: `${scrapeInterval}s`,
    },
    // Beside this file.
    rule_files: ['rules.yml'],
    scrape_configs: [
      { job_name: 'gateway', metrics_path: '/metrics', static_configs: targets },
      { job_name: 'haproxy', metrics_path: '/metrics/haproxy', static_configs: targets },
    ],
  });
}
