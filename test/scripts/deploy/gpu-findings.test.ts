import { describe, expect, it } from 'vitest';
import type { FoundGpu } from '../../../manifest/hardware.js';
import type { Gpu, Server } from '../../../manifest/manifest.js';
import { gpuFindings, groupFindings, type GpuFacts } from '../../../scripts/deploy/gpu-findings.js';
import { gpuSeekers, needsFacts } from '../../../scripts/deploy/preflight.js';
import { validManifest, validServer } from '../valid-manifest.js';

const first: FoundGpu = { vendor: 'nvidia', index: 0, uuid: 'GPU-aaaa-0001', name: 'NVIDIA L4' };
const second: FoundGpu = { vendor: 'nvidia', index: 1, uuid: 'GPU-bbbb-0002', name: 'NVIDIA L4' };
const slices = [
  { uuid: 'MIG-1111', profile: '1g.5gb' },
  { uuid: 'MIG-2222', profile: '2g.10gb' },
];
const split: FoundGpu = { ...first, name: 'NVIDIA A100', mig: slices };
const render = { ...first, vendor: 'amd' } as const;

const nvidia = (devices: 'all' | number | string[]): Gpu => ({ vendor: 'nvidia', devices });
const server = (gpu: Gpu, name = 'main'): Server => ({ ...validServer, name, gpu });
const manifest = (gpu: Gpu) => ({ ...validManifest, servers: [server(gpu)] });
const withGpus = (...gpus: FoundGpu[]): GpuFacts => ({ nvidia: true, hardware: { memory: 1, gpus } });

function findings(servers: readonly Server[], facts: GpuFacts): string[] {
  const all = new Set(servers.map(({ name }) => name));
  return gpuFindings(servers, all, facts).map(({ code, message, next }) => `${code}: ${message}; ${next}`);
}

describe('what a server asks for and its machine has not', () => {
  it.each<[string, Gpu, GpuFacts, string]>([
    [
      'an index beyond the devices',
      nvidia(['0', '7']),
      withGpus(first, second),
      'no-such-gpu: server main asks for NVIDIA GPU 7, but this machine has GPUs 0 to 1; write what there is under servers.main.gpu.devices: GPU-aaaa-0001 (NVIDIA L4), GPU-bbbb-0002 (NVIDIA L4)',
    ],
    [
      'an index beyond the only device',
      nvidia(['1']),
      withGpus(first),
      'no-such-gpu: server main asks for NVIDIA GPU 1, but this machine has only GPU 0; write what there is under servers.main.gpu.devices: GPU-aaaa-0001 (NVIDIA L4)',
    ],
    [
      'a count beyond the devices',
      nvidia(3),
      withGpus(first, second),
      'no-such-gpu: server main asks for 3 NVIDIA GPUs, but this machine has 2; write what there is under servers.main.gpu.devices: GPU-aaaa-0001 (NVIDIA L4), GPU-bbbb-0002 (NVIDIA L4)',
    ],
    [
      'a UUID of another machine',
      nvidia(['GPU-cccc-0003']),
      withGpus(first),
      'no-such-gpu: server main asks for NVIDIA GPU GPU-cccc-0003, but this machine has GPU-aaaa-0001; write what there is under servers.main.gpu.devices: GPU-aaaa-0001 (NVIDIA L4)',
    ],
    [
      'the start of a UUID',
      nvidia(['GPU-AAAA']),
      withGpus(first, second),
      'no-such-gpu: server main asks for NVIDIA GPU GPU-AAAA, which is the start of a UUID only; the engine wants all of it; write what there is under servers.main.gpu.devices: GPU-aaaa-0001 (NVIDIA L4)',
    ],
    [
      'a count with MIG',
      nvidia(1),
      withGpus(split),
      'gpu-mig: server main asks for GPU 0 as a whole, but it is in MIG mode: only its slices can be used, one a server; write one slice under servers.main.gpu.devices: MIG-1111 (1g.5gb), MIG-2222 (2g.10gb)',
    ],
    [
      'an index in MIG mode without slices',
      nvidia(['1']),
      withGpus(first, { ...second, mig: [] }),
      'gpu-mig: server main asks for GPU 1 as a whole, but it is in MIG mode: only its slices can be used, one a server; it has no slices yet: make some (sudo nvidia-smi mig -i 1 -cgi …), or turn the mode off (sudo nvidia-smi -i 1 -mig 0)',
    ],
    [
      'a slice of another machine',
      nvidia(['MIG-3333']),
      withGpus(split),
      'no-such-gpu: server main asks for MIG slice MIG-3333, which this machine has not; write one of these under servers.main.gpu.devices: MIG-1111 (1g.5gb), MIG-2222 (2g.10gb)',
    ],
    [
      'a slice beyond the slices',
      nvidia(['0:2']),
      withGpus(first),
      'no-such-gpu: server main asks for MIG slice 0:2, which this machine has not; no GPU here has slices: turn the mode on and make them (nvidia-smi mig), or name whole GPUs under servers.main.gpu.devices',
    ],
    [
      'a CDI name of an engine without CDI',
      nvidia(['nvidia.com/gpu=0']),
      { nvidia: true, cdi: { known: false } },
      'no-cdi: server main names the CDI device nvidia.com/gpu=0, but the engine does not know CDI; use Docker 25 or later with CDI on (daemon.json: "features": { "cdi": true }), or name the GPU by index or UUID under servers.main.gpu.devices',
    ],
    [
      'a CDI name that the engine has not',
      nvidia(['nvidia.com/gpu=2']),
      { nvidia: true, cdi: { known: true, devices: ['nvidia.com/gpu=0', 'nvidia.com/gpu=all'] } },
      'no-such-gpu: server main names the CDI device nvidia.com/gpu=2, which the engine has not found; write one that it has under servers.main.gpu.devices: nvidia.com/gpu=0, nvidia.com/gpu=all',
    ],
    [
      'a CDI name where no device is specified',
      nvidia(['nvidia.com/gpu=2']),
      { nvidia: true, cdi: { known: true, devices: [] } },
      'no-such-gpu: server main names the CDI device nvidia.com/gpu=2, which the engine has not found; write the specification: sudo nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml',
    ],
    [
      'a Jetson without its runtime',
      { vendor: 'jetson' },
      { runtimes: ['runc'] },
      'no-jetson-runtime: server main asks for the GPU of a Jetson, but the engine has no runtime named nvidia; install nvidia-container-toolkit from JetPack, then sudo nvidia-ctk runtime configure --runtime=docker and sudo systemctl restart docker, or set `gpu: none` under servers.main',
    ],
    [
      'ROCm without its driver',
      { vendor: 'amd', devices: ['renderD128'] },
      { nodes: { '/dev/dri/renderD128': 110 } },
      "no-device-node: server main asks for an AMD GPU, but this machine has no /dev/kfd; load AMD's driver (sudo modprobe amdgpu; ROCm 7 wants that of the kernel or of amdgpu-install), or set `gpu: { vendor: vulkan }` or `gpu: none` under servers.main",
    ],
    [
      'another render node',
      { vendor: 'amd', devices: ['renderD130'], groups: [44] },
      { nodes: { '/dev/kfd': 110, '/dev/dri/renderD128': 110, '/dev/dri/renderD129': 110 } },
      'no-device-node: server main asks for an AMD GPU, but this machine has no /dev/dri/renderD130; write what there is under servers.main.gpu.devices: renderD128, renderD129',
    ],
    [
      'Vulkan without render nodes',
      { vendor: 'vulkan', devices: 'all' },
      { nodes: {} },
      'no-device-node: server main asks for a GPU through Vulkan, but this machine has no render node in /dev/dri; load the driver of the GPU (sudo modprobe amdgpu, i915 or xe), or set `gpu: none` under servers.main',
    ],
    [
      'the groups of another machine',
      { vendor: 'amd', devices: 'all' },
      { elsewhere: true },
      'gpu-groups: server main asks for a GPU of an engine on another machine, where the groups of its device nodes cannot be seen; write what `stat -c %g /dev/kfd /dev/dri/renderD*` says there under servers.main.gpu, such as groups: [44, 110]',
    ],
  ])('%s', (_, gpu, facts, line) => {
    expect(findings([server(gpu)], facts)).toEqual([line]);
  });
});

describe('what it may ask for', () => {
  it.each<[string, Gpu, GpuFacts]>([
    ['a device by each of its names', nvidia(['0', 'gpu-BBBB-0002']), withGpus(first, second)],
    ['as many as there are', nvidia(2), withGpus(first, second)],
    ['a slice by UUID', nvidia(['MIG-2222']), withGpus(split)],
    ['a slice by index', nvidia(['0:1']), withGpus(split)],
    ['a slice as older drivers name it', nvidia(['MIG-GPU-aaaa-0001/1/0']), withGpus(split)],
    ['the only slice as all', nvidia('all'), withGpus({ ...first, mig: slices.slice(1) })],
    ['what nvidia-smi did not list', nvidia(['7']), withGpus()],
    ['what another vendor has', nvidia(['7']), withGpus(render)],
    ['what nobody can see', nvidia(['7']), { nvidia: true, hardware: { memory: 1 } }],
    [
      'a CDI name that the engine has',
      nvidia(['nvidia.com/gpu=0']),
      { cdi: { known: true, devices: ['nvidia.com/gpu=0'] } },
    ],
    ['a CDI name where the engine does not list them', nvidia(['nvidia.com/gpu=0']), { cdi: { known: true } }],
    ['a Jetson with its runtime', { vendor: 'jetson' }, { runtimes: ['runc', 'nvidia'] }],
    ['ROCm with its nodes', { vendor: 'amd', devices: 'all' }, { nodes: { '/dev/kfd': 1, '/dev/dri/renderD128': 1 } }],
    ['groups by number elsewhere', { vendor: 'vulkan', devices: 'all', groups: [] }, { elsewhere: true }],
  ])('%s', (_, gpu, facts) => {
    expect(findings([server(gpu)], facts)).toEqual([]);
  });
});

describe('two names of one GPU', () => {
  it('on two servers', () => {
    const servers = [server(nvidia(['0']), 'a'), server(nvidia(['GPU-AAAA-0001']), 'b')];
    expect(findings(servers, withGpus(first, second))).toEqual([
      'gpu-shared: server b takes GPU 0, which server a has, too, under another name; name other GPUs for each, by index or UUID (`nvidia-smi -L`)',
    ]);
  });

  it('a count and a UUID in it', () => {
    const servers = [server(nvidia(1), 'a'), server(nvidia(['GPU-aaaa-0001']), 'b')];
    expect(findings(servers, withGpus(first, second))[0]).toMatch(/^gpu-shared: server b takes GPU 0,/);
  });

  it('a slice by index and by UUID', () => {
    const servers = [server(nvidia(['0:1']), 'a'), server(nvidia(['MIG-2222']), 'b')];
    expect(findings(servers, withGpus(split))[0]).toMatch(/^gpu-shared: server b takes GPU 0:1,/);
  });

  it('on one server', () => {
    expect(findings([server(nvidia(['0', 'GPU-aaaa-0001']))], withGpus(first))).toEqual([
      'gpu-twice: server main names GPU 0 twice, by index and by UUID; name it once under servers.main.gpu.devices',
    ]);
  });

  it('is not looked for among what is deployed as it is', () => {
    const servers = [server(nvidia(['0']), 'a'), server(nvidia(['GPU-aaaa-0001']), 'b')];
    expect(gpuFindings(servers, new Set(), withGpus(first))).toEqual([]);
    expect(gpuFindings(servers, new Set(['a']), withGpus(first))).toHaveLength(1);
  });
});

describe('who is asked about', () => {
  const port = validServer.port;
  const state = (gpus?: readonly string[]) => ({
    project: 'scr1',
    containers: [{ name: 'scr1-main', ports: port === undefined ? [] : [port], ...(gpus && { gpus }) }],
    addresses: new Set<string>(),
    attributes: new Map(),
  });

  it.each<[string, Gpu, string[] | undefined, boolean]>([
    ['nobody without a GPU', { vendor: 'none' }, undefined, false],
    ['one that has what it wants', nvidia(['0', '1']), ['0', '1'], false],
    ['one that wants less', nvidia(['1']), ['0', '1'], false],
    ['one that wants another', nvidia(['2']), ['0', '1'], true],
    ['one that wants its first', nvidia('all'), undefined, true],
    ['one that got a count', nvidia(2), ['2'], false],
    ['one that wants ROCm now', { vendor: 'amd', devices: 'all' }, ['/dev/dri'], true],
    ['one that has ROCm', { vendor: 'amd', devices: 'all' }, ['/dev/kfd', '/dev/dri'], false],
    ['a Jetson that was deployed', { vendor: 'jetson' }, ['jetson'], false],
  ])('%s', (_, gpu, deployed, expected) => {
    expect([...gpuSeekers(manifest(gpu), state(deployed))]).toEqual(expected ? ['main'] : []);
    expect(needsFacts(manifest(gpu), state(deployed))).toBe(expected);
  });

  it('everybody with a GPU on a first deploy', () => {
    expect([...gpuSeekers(manifest(nvidia('all')), undefined)]).toEqual(['main']);
  });
});

it('groups that the toolchain found are known', () => {
  const servers = [server({ vendor: 'amd', devices: 'all' })];
  expect(groupFindings(servers, {})).toEqual([]);
  expect(groupFindings(servers, undefined)).toHaveLength(1);
});
