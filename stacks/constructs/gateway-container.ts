import { Construct } from 'constructs';
import { gatewayPath, gatewayPorts, type GatewayPlan } from '../../manifest/gateway-plan.js';
import { gatewayLabel, projectLabel, roleLabel } from '../../manifest/label.js';
import { fingerprint } from './fingerprint.js';
import type { GatewayData } from './gateway-data.js';
import { LeanContainer } from './lean-container.js';
import type { ServerNetwork } from './server-network.js';

export interface GatewayContainerProps {
  readonly plan: GatewayPlan;
  readonly data: GatewayData;
  readonly network: ServerNetwork;
}

/**
 * HAProxy on a read-only root, without any capability, as a user of its own; everything it reads lies in its volume. It
 * starts from the configuration that is there, at first one without servers, and is replaced with a gap, because its
 * ports cannot be had twice. Nothing with `create_before_destroy` may depend on it, which Terraform would force on it.
 */
export class GatewayContainer extends Construct {
  constructor(scope: Construct, id: string, { plan, data, network }: GatewayContainerProps) {
    super(scope, id);
    const { labels, ...settings } = containerSettings(plan);
    new LeanContainer(this, 'Resource', {
      name: plan.container,
      ...settings,
      labels: [...labels, { label: gatewayLabel, value: plan.revision }],
      // HAProxy ends when its last connection does, idle ones too, and meanwhile nobody listens.
      destroyGraceSeconds: 3,
      dependsOn: [data.ensured, network.ensured],
    });
  }
}

/** `GatewayPlan.revision` of a plan. */
export function gatewayRevision(plan: Omit<GatewayPlan, 'revision'>): string {
  return fingerprint(containerSettings(plan)).slice(0, 16);
}

/** The user that the official image makes; Debian's package has no better one. */
const user = '99:99';

const masterSocket = `127.0.0.1:${gatewayPorts.master},level,admin`;

/** All of the container but its name, and what comes of these settings. */
function containerSettings(plan: Omit<GatewayPlan, 'revision'>) {
  return {
    image: plan.image,
    // Worker and master in the foreground, with the master's socket on the loopback of the container (management guide, 3).
    command: ['haproxy', '-W', '-db', '-S', masterSocket, '-f', `${gatewayPath}/current/haproxy.cfg`],
    user,
    ports: [
      { internal: gatewayPorts.door, external: plan.port, ip: plan.address },
      { internal: gatewayPorts.metrics, external: plan.metricsPort },
    ],
    networkMode: plan.project,
    readOnly: true,
    capabilities: { drop: ['ALL'] },
    securityOpts: ['no-new-privileges:true'],
    mounts: [
      { type: 'volume', source: plan.volume, target: gatewayPath, readOnly: true },
      { type: 'tmpfs', target: '/tmp' },
      { type: 'tmpfs', target: '/run' },
    ],
    healthcheck: health,
    restart: 'unless-stopped',
    labels: [
      { label: projectLabel, value: plan.project },
      { label: roleLabel, value: 'gateway' },
    ],
  };
}

/** Whether the worker answers on its admin socket; the door itself would note every look as a request. */
const health = {
  test: [
    'CMD',
    'bash',
    '-c',
    `exec 3<>/dev/tcp/127.0.0.1/${gatewayPorts.admin} && echo 'show version' >&3 && read -r -t 5 -u 3`,
  ],
  interval: '10s',
  timeout: '10s',
  startPeriod: '10s',
  retries: 3,
};
