import { formatBytes } from '../../manifest/units.js';
import type { ModelStatus, ServerStatus } from './server-status.js';
import type { DeploymentStatus } from '../deploy/deployment-status.js';
import { style } from './style.js';
import { table } from './table.js';

/** One line a model; what concerns the server stands on its first line. */
export function statusTable(servers: readonly ServerStatus[]): string {
  const rows = servers.flatMap(({ server, url, state, version, models }) => {
    const own = [server, url, version === undefined ? state : `${state}, Ollama ${version}`];
    const [first, ...others] = models.map(modelCells);
    return [[...own, ...(first ?? ['', '', '', '', ''])], ...others.map((cells) => ['', '', '', ...cells])];
  });
  return table(['server', 'url', 'state', 'model', 'size', 'digest', 'loaded', 'gpu'], rows);
}

function modelCells({ name, declared, present, digest, size, loaded, gpu }: ModelStatus): string[] {
  return [
    declared ? name : `${name} (not declared)`,
    present ? formatBytes(size ?? 0) : 'missing',
    digest ?? '',
    loaded ? 'yes' : 'no',
    gpu === undefined ? '' : gpuWords(gpu),
  ];
}

/** The two signals: whether the servers answer, and whether they have what the manifest says. */
export function signalsText({ servers, satisfied }: DeploymentStatus): string {
  const up = servers.filter((server) => server.up).length;
  return [
    signalLine('servers up', up === servers.length, `${up} of ${servers.length}`),
    signalLine('manifest satisfied', satisfied, satisfied ? 'yes' : 'no'),
  ].join('');
}

const signalLine = (signal: string, holds: boolean, words: string): string =>
  `${style.bold(signal.padEnd(18))}   ${holds ? style.green(words) : style.red(words)}\n`;

/** `size_vram` of 0 means the CPU alone, as in `ollama ps`. */
function gpuWords(share: number): string {
  if (share === 0) return 'CPU';
  return share >= 1 ? 'GPU' : `${Math.round(share * 100)}% GPU`;
}
