import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { verifyStore } from '../../ollama/verify-store.js';
import { table } from '../../scripts/report/table.js';
import { docker, run } from '../support/project.js';

const image = process.env.OLLAMA_STACKS_TEST_IMAGE ?? 'ollama-stacks/ollama:0.34.0-cpu';
const rounds = 3;
/** Megabytes of the weights of each model: some large, many small, 1.5 GB in all. */
const sizes = [512, 384, 256, 128, 64, 64, 32, 32, 16, 16, 8, 8];

/** Fills a store with models of random bytes, one blob and one manifest each; prints what it names. */
const fill = `
mkdir -p models/blobs models/manifests/registry.ollama.ai/library && cd models/blobs
for size in "$@"; do
  head -c "$size"000000 /dev/urandom > new
  digest=$(sha256sum < new | cut -d ' ' -f 1)
  mv new "sha256-$digest"
  folder="../manifests/registry.ollama.ai/library/m-$digest"
  mkdir "$folder"
  layer='{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:%s","size":%s}'
  printf '{"schemaVersion":2,"layers":['"$layer"']}' "$digest" "$size"000000 > "$folder/latest"
done`;

it('reads a store nearly as fast as sha256sum on all cores reads its files', async () => {
  const store = `ollama-stacks-bench-${randomBytes(4).toString('hex')}`;
  await docker('volume', 'create', store);
  try {
    const mount = `${store}:/root/.ollama`;
    const words = ['--entrypoint', 'sh', '--workdir', '/root/.ollama', image, '-c', fill, 'sh', ...sizes.map(String)];
    await docker('run', '--rm', '--network', 'none', '--volume', mount, ...words);
    const folder = await docker('volume', 'inspect', '--format', '{{.Mountpoint}}', store);
    const plan = { project: 'bench', store, root: '.', servers: [], models: [], registries: [] };
    const bare = async (): Promise<number> => {
      const script = 'ls -S | xargs -n 1 -P "$(nproc)" sha256sum';
      const { code, stdout, output, ms } = await run('sh', ['-c', script], { cwd: `${folder}/models/blobs` });
      if (code !== 0) throw new Error(output);
      expect(stdout.trim().split('\n')).toHaveLength(sizes.length);
      return ms;
    };
    const ours = async (): Promise<number> => {
      const start = performance.now();
      const { findings, hashing } = await verifyStore(plan, image, () => {});
      const ms = performance.now() - start;
      expect(findings).toEqual([]);
      expect(hashing.blobs).toHaveLength(sizes.length);
      return ms;
    };
    await bare();
    const rows: { sha256sum: number; verify: number; ratio: number }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const [reference, own] =
        round % 2 === 0 ? [await bare(), await ours()] : [await ours(), await bare()].toReversed();
      rows.push({ sha256sum: reference ?? 0, verify: own ?? 0, ratio: (own ?? 0) / (reference ?? 0) });
    }
    const cells = rows.map((one) => [
      `${Math.round(one.sha256sum)} ms`,
      `${Math.round(one.verify)} ms`,
      one.ratio.toFixed(2),
    ]);
    process.stdout.write(table(['sha256sum', 'verify', 'ratio'], cells));
    const median = rows.map(({ ratio }) => ratio).toSorted((a, b) => a - b)[Math.floor(rounds / 2)];
    expect(median).toBeLessThanOrEqual(1.3);
  } finally {
    await docker('volume', 'rm', store);
  }
});
