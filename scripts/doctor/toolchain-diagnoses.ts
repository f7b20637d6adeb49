import type { Manifest } from '../../manifest/manifest.js';
import type { Resolved } from '../../manifest/resolved.js';
import { imagesOf } from '../deploy/declared-images.js';
import type { Diagnosis } from './diagnosis.js';

/** What is set up for this project besides the engine. */
export async function examineToolchain(manifest: Manifest): Promise<Diagnosis[]> {
  const { probe } = await import('../../toolchain/probe.js');
  const { images, optional } = imagesOf(manifest);
  const resolved = await probe(process.cwd(), images, process.env, optional);
  return resolved ? toolchainDiagnoses(resolved) : [notSetUp];
}

const notSetUp: Diagnosis = {
  code: 'toolchain',
  status: 'advice',
  subject: 'toolchain',
  what: 'not everything is set up for this project',
  cause: 'engine, Terraform, provider or image are still to be found or built',
  remedy: 'npm run up (sets up what is missing), or npm run setup',
};

export function toolchainDiagnoses({ terraform, provider, images, leftOut = [] }: Resolved): Diagnosis[] {
  return [
    { code: 'terraform', status: 'fine', subject: 'terraform', what: `${terraform.version}, ${terraform.source}` },
    providerDiagnosis(provider),
    ...Object.entries(images).map(([declared, { reference, source }]): Diagnosis => ({
      code: 'image',
      status: 'fine',
      subject: 'image',
      what: reference === declared ? `${declared}, ${source}` : `${declared} is ${reference}, ${source}`,
    })),
    ...leftOut.map((declared): Diagnosis => ({
      code: 'image-left-out',
      status: 'advice',
      subject: 'image',
      what: `${declared} is left out`,
      cause: 'no registry had it, and the deployment does without it',
      remedy: `docker pull ${declared} where one answers, then rm .toolchain/resolved.json && npm run setup`,
    })),
  ];
}

/** The stacks are written for `~> 4.6` of kreuzwerker/docker. */
function providerDiagnosis({ version, source }: Resolved['provider']): Diagnosis {
  const fine: Diagnosis = { code: 'provider', status: 'fine', subject: 'provider', what: `${version}, ${source}` };
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || (Number(major) === 4 && Number(minor) >= 6)) return fine;
  return {
    ...fine,
    code: 'provider-version',
    status: 'broken',
    cause:
      'the stacks are written for kreuzwerker/docker ~> 4.6: others cannot choose GPUs, or replace containers at every plan',
    remedy: 'rm .toolchain/resolved.json && npm run setup (finds or builds 4.6)',
  };
}
