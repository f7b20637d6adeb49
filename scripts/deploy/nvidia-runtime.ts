import { access, constants, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EngineInfo } from './engine.js';

/** What moby looks for on the engine's PATH before it offers `--gpus` (daemon/nvidia_linux.go). */
const hooks = ['nvidia-container-runtime-hook', 'nvidia-container-runtime'];
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Whether the engine can hand an NVIDIA GPU to a container: a runtime, a CDI device, or the hook on its PATH. */
export async function hasNvidiaRuntime(info: EngineInfo, host: string): Promise<boolean> {
  if ('nvidia' in info.Runtimes || (info.DiscoveredDevices ?? []).some(({ ID }) => ID.startsWith('nvidia.com/gpu')))
    return true;
  if (!host.startsWith('unix:')) return false;
  const folders = (await enginePaths(host)).flatMap((value) => value.split(path.delimiter)).filter(Boolean);
  const found = await Promise.all(
    folders.flatMap((folder) => hooks.map((hook) => isExecutable(path.join(folder, hook)))),
  );
  return found.includes(true);
}

/** PATH of the engine's process, which need not be ours; the usual one where we may not read it. */
async function enginePaths(host: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const engines = await Promise.all(pids.map((pid) => engineProcess(pid)));
  const all = engines.filter((engine) => engine !== undefined);
  const mine = all.filter(({ command }) => command.includes(host));
  const paths = (mine.length > 0 ? mine : all.filter(({ command }) => !command.includes('unix://'))).map(
    (engine) => engine.path,
  );
  return paths.length > 0 ? paths : [usualPath];
}

async function engineProcess(pid: string): Promise<{ command: string; path: string } | undefined> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    if (path.basename(command.split('\0')[0] ?? '') !== 'dockerd') return undefined;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const variable = environment.split('\0').find((entry) => entry.startsWith('PATH='));
    return { command: command.replaceAll('\0', ' '), path: variable?.slice('PATH='.length) ?? usualPath };
  } catch {
    // The process ended while we looked.
    return undefined;
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
