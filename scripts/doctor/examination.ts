import { statfs } from 'node:fs/promises';
import type { Manifest } from '../../manifest/manifest.js';
import { type Engine } from '../deploy/engine.js';
import { hasNvidiaRuntime } from '../deploy/nvidia-runtime.js';
import { preflight } from '../deploy/preflight.js';
import { gatherFacts } from '../deploy/preflight-facts.js';
import { readState } from '../deploy/state.js';
import { openEngine } from '../deploy/workplace.js';
import { Failure } from '../shell/problem.js';
import type { Diagnosis, Machine } from './diagnosis.js';
import { manifestDiagnoses } from './manifest-diagnoses.js';

/** Looks at everything a deployment of this manifest needs; changes nothing. */
export async function examine(manifest: Manifest): Promise<Diagnosis[]> {
  const engine = await openEngine();
  const [found, toolchain] = await Promise.all([examineEngine(engine), examineToolchain(manifest)]);
  if (!found.machine) return [found.diagnosis, ...toolchain];
  const state = await readState(manifest.project);
  const findings = preflight(manifest, await gatherFacts(manifest, state, engine));
  return [
    found.diagnosis,
    ...toolchain,
    ...manifestDiagnoses(manifest, found.machine),
    ...findings
      // Told by the manifest's own diagnosis, with its command.
      .filter(({ code }) => code !== 'no-gpu-runtime')
      .map(({ code, message, next }): Diagnosis => ({
        code,
        status: 'broken',
        what: message,
        ...(next ? { remedy: next } : {}),
      })),
    ...(findings.length === 0
      ? [{ code: 'names', status: 'fine', what: 'ports, names and state: nothing is in the way' } as const]
      : []),
  ];
}

async function examineEngine(engine: Engine): Promise<{ diagnosis: Diagnosis; machine?: Machine }> {
  try {
    const info = await engine.info();
    const local = engine.host.startsWith('unix:');
    const disk = local ? await statfs(info.DockerRootDir).catch(() => undefined) : undefined;
    const nvidia = await hasNvidiaRuntime(info, engine.host);
    const what = `engine: Docker ${info.ServerVersion} at ${engine.host}, ${info.NCPU} CPUs`;
    return {
      diagnosis: { code: 'engine', status: 'fine', what },
      machine: {
        engine: { host: engine.host, version: info.ServerVersion, memory: info.MemTotal, cpus: info.NCPU, nvidia },
        ...(disk ? { freeDisk: disk.bavail * disk.bsize } : {}),
      },
    };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [{ code, message, next, original }] = error.findings as [(typeof error.findings)[number]];
    return {
      diagnosis: {
        code,
        status: 'broken',
        what: message,
        ...(original ? { cause: original } : {}),
        ...(next ? { remedy: next } : {}),
      },
    };
  }
}

async function examineToolchain({ servers }: Manifest): Promise<Diagnosis[]> {
  const { probe } = await import('../../toolchain/probe.js');
  const resolved = await probe(process.cwd(), [...new Set(servers.map(({ image }) => image))]);
  if (!resolved) {
    const what = 'toolchain: not everything is set up for this project';
    return [
      {
        code: 'toolchain',
        status: 'advice',
        what,
        cause: 'engine, Terraform, provider or image are still to be found or built',
        remedy: 'npm run up',
      },
    ];
  }
  const { terraform, provider, images } = resolved;
  return [
    { code: 'terraform', status: 'fine', what: `terraform: ${terraform.version}, ${terraform.source}` },
    { code: 'provider', status: 'fine', what: `provider: ${provider.version}, ${provider.source}` },
    ...Object.entries(images).map(([declared, { reference, source }]): Diagnosis => ({
      code: 'image',
      status: 'fine',
      what: `image: ${declared} is ${reference}, ${source}`,
    })),
  ];
}
