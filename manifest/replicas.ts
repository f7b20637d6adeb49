import type { Server } from './manifest.js';
import { partName } from './placement-devices.js';

/**
 * The servers `<name>-0`, `<name>-1` … that stand for a declared one, each with all of its settings and its store. One
 * replica has a number, too: adding others leaves it alone.
 */
export function replicasOf(server: Server, count: number): Server[] {
  const { replicas, ...settings } = server;
  void replicas;
  return Array.from({ length: count }, (_, index) => ({
    ...settings,
    name: partName(server.name, index),
    container: partName(server.container, index),
    partOf: { server: server.name, why: `replica ${index + 1} of ${count}` },
  }));
}
