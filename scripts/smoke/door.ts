import { randomBytes } from 'node:crypto';
import { createKeyText, keyHash } from '../../gateway/access-key.js';
import { certificateFiles } from '../../gateway/certificate-store.js';
import { changeKeys, type KeyAccess } from '../../gateway/key-store.js';
import { addKey, revokeKey } from '../../manifest/access-keys.js';
import { gatewayPath } from '../../manifest/gateway-plan.js';
import type { Gateway } from '../../manifest/gateway.js';
import type { Engine } from '../deploy/engine.js';
import { CheckFailed } from './check.js';

/** A gateway that is tested, and how. */
export interface DoorTarget {
  readonly gateway: Gateway;
  /** Model that is asked for; absent when no server offers one. */
  readonly model?: string;
  readonly access: KeyAccess;
  readonly engine: Pick<Engine, 'execute' | 'host'>;
}

/** A key of a smoke test has such a name. */
const smokeName = /^smoke-[0-9a-f]{8}$/;

/** Milliseconds after which a key that a killed smoke test left behind is removed by the next one. */
const staleMs = 3_600_000;

/** The certificate of the project's own authority. */
export async function ownAuthority({ access, engine }: DoorTarget): Promise<string> {
  const argv = ['cat', `${gatewayPath}/${certificateFiles.authority}`];
  const { exitCode, stdout } = await engine.execute(access.container, argv);
  if (exitCode === 0) return stdout;
  throw new CheckFailed(`the certificate of its authority cannot be read; \`npm run tls -- show\` says more`);
}

/**
 * Runs `work` with a key of its own, for one model and one request at once, which is revoked at the end, also when this
 * process is interrupted meanwhile. The key is nowhere but in the memory of this process.
 */
export async function withSmokeKey<T>(
  { access, engine, model }: DoorTarget,
  work: (key: string) => Promise<T>,
): Promise<T> {
  const name = `smoke-${randomBytes(4).toString('hex')}`;
  const text = createKeyText();
  const docker = { env: (await import('../deploy/engine-environment.js')).engineEnvironment(engine.host) };
  const revoke = async (): Promise<void> => void (await changeKeys(access, (file) => revokeKey(file, name), docker));
  const interrupted = (signal: NodeJS.Signals): void => {
    const end = (): void => void process.kill(process.pid, signal);
    revoke().then(end, end);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const now = new Date();
    const key = {
      name,
      sha256: keyHash(text),
      created: now.toISOString(),
      concurrency: 1,
      ...(model && { models: [model] }),
    };
    const { told, untold } = await changeKeys(access, (file) => addKey(withoutStale(file, now), key), docker);
    try {
      if (!told) throw new CheckFailed(`the gateway did not take a new key: ${untold?.message ?? 'it does not run'}`);
      return await work(text);
    } finally {
      await revoke();
    }
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

function withoutStale(file: Parameters<typeof addKey>[0], now: Date): Parameters<typeof addKey>[0] {
  const isStale = (name: string, created: string): boolean =>
    smokeName.test(name) && now.getTime() - Date.parse(created) > staleMs;
  return { ...file, keys: file.keys.filter(({ name, created }) => !isStale(name, created)) };
}
