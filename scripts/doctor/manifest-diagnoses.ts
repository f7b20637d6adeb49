import { imageVersion, isOlder, parseImageRef } from '../../manifest/image-ref.js';
import type { Manifest, Server } from '../../manifest/manifest.js';
import { formatBytes } from '../../manifest/units.js';
import type { Diagnosis, Machine } from './diagnosis.js';

/** The default model and an image are smaller; anything useful is not. */
const lowDisk = 5e9;
/** CVE-2026-7482: before it, any client reads the server's memory. */
const safeVersion = '0.17.1';

/** What the manifest asks of this machine, and whether it has that. */
export function manifestDiagnoses(manifest: Manifest, machine: Machine): Diagnosis[] {
  return [
    diskDiagnosis(machine),
    ...memoryDiagnoses(manifest.servers, machine),
    ...manifest.servers.flatMap((server) => gpuDiagnosis(server, machine)),
    ...[...new Set(manifest.servers.map(({ image }) => image))].flatMap(imageDiagnosis),
  ];
}

function diskDiagnosis({ freeDisk }: Machine): Diagnosis {
  if (freeDisk === undefined)
    return { code: 'disk', status: 'fine', what: 'disk of the engine: not visible from here' };
  const what = `disk of the engine: ${formatBytes(freeDisk)} free`;
  if (freeDisk >= lowDisk) return { code: 'disk', status: 'fine', what };
  return {
    code: 'disk',
    status: 'advice',
    what,
    cause: 'models are large; a full disk stops a load half-way',
    remedy: 'docker system df',
  };
}

function memoryDiagnoses(servers: readonly Server[], { engine }: Machine): Diagnosis[] {
  const limited = servers.filter(({ memory }) => memory !== undefined);
  const sum = limited.reduce((total, { memory = 0 }) => total + memory, 0);
  const what = `memory: the engine has ${formatBytes(engine.memory)}, limits of ${limited.length} of ${servers.length} servers add up to ${formatBytes(sum)}`;
  if (sum <= engine.memory) return [{ code: 'memory', status: 'fine', what }];
  return [
    {
      code: 'memory',
      status: 'advice',
      what,
      cause: 'the servers may together use more than there is',
      remedy: 'lower `memory` of a server',
    },
  ];
}

function gpuDiagnosis({ name, gpu }: Server, { engine }: Machine): Diagnosis[] {
  if (gpu.vendor !== 'nvidia') return [];
  const what = `server ${name} asks for an NVIDIA GPU`;
  if (engine.nvidia) return [{ code: 'gpu', status: 'fine', what: `${what}; the engine has a runtime for it` }];
  return [
    {
      code: 'gpu',
      status: 'broken',
      what,
      cause: 'the engine has no NVIDIA runtime',
      remedy:
        'sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker (package nvidia-container-toolkit)',
    },
  ];
}

function imageDiagnosis(image: string): Diagnosis[] {
  const reference = parseImageRef(image);
  const version = reference && imageVersion(reference);
  if (!version)
    return [
      {
        code: 'ollama-version',
        status: 'fine',
        what: `image ${image}: its tag names no version; the loader checks what answers`,
      },
    ];
  if (!isOlder(version, safeVersion))
    return [{ code: 'ollama-version', status: 'fine', what: `image ${image}: no known advisory` }];
  return [
    {
      code: 'ollama-version',
      status: 'broken',
      what: `image ${image} is older than ${safeVersion}`,
      cause: 'any client can read the memory of such a server (CVE-2026-7482)',
      remedy: 'set `image` to a later version, such as ollama/ollama:0.34.0',
    },
  ];
}
