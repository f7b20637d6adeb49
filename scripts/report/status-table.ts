import { formatBytes } from '../../manifest/units.js';
import type { ModelStatus, ServerStatus } from './server-status.js';
import { table } from './table.js';

/** One line a model; what concerns the server stands on its first line. */
export function statusTable(servers: readonly ServerStatus[]): string {
  const rows = servers.flatMap(({ server, url, state, version, models }) => {
    const own = [server, url, version === undefined ? state : `${state}, Ollama ${version}`];
    const [first, ...others] = models.map(modelCells);
    return [[...own, ...(first ?? ['', '', '', ''])], ...others.map((cells) => ['', '', '', ...cells])];
  });
  return table(['server', 'url', 'state', 'model', 'size', 'loaded', 'gpu'], rows);
}

function modelCells({ name, declared, present, size, loaded, gpu }: ModelStatus): string[] {
  return [
    declared ? name : `${name} (not declared)`,
    present ? formatBytes(size ?? 0) : 'missing',
    loaded ? 'yes' : 'no',
    gpu === undefined ? '' : gpuWords(gpu),
  ];
}

/** `size_vram` of 0 means the CPU alone, as in `ollama ps`. */
function gpuWords(share: number): string {
  if (share === 0) return 'CPU';
  return share >= 1 ? 'GPU' : `${Math.round(share * 100)}% GPU`;
}
