import { expect, it } from 'vitest';
import type { EngineInfo } from '../../../scripts/deploy/engine.js';
import { hasNvidiaRuntime } from '../../../scripts/deploy/nvidia-runtime.js';

const info: EngineInfo = { ServerVersion: '28', MemTotal: 1, NCPU: 1, DockerRootDir: '/x', Runtimes: { runc: {} } };

it.each<[string, Partial<EngineInfo>, boolean]>([
  ['the runtime', { Runtimes: { runc: {}, nvidia: {} } }, true],
  ['a CDI device', { DiscoveredDevices: [{ Source: 'cdi', ID: 'nvidia.com/gpu=0' }] }, true],
  ['another CDI device', { DiscoveredDevices: [{ Source: 'cdi', ID: 'vendor.com/net=0' }] }, false],
  ['nothing', {}, false],
])('an engine elsewhere with %s', async (_case, changes, expected) => {
  expect(await hasNvidiaRuntime({ ...info, ...changes }, 'ssh://desk')).toBe(expected);
});
