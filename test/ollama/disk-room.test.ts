import { expect, it } from 'vitest';
import { ensureRoom, missingBytes, shortageOf } from '../../ollama/disk-room.js';
import { LoadError } from '../../ollama/load-error.js';
import type { LoadModelStep } from '../../ollama/load-step.js';
import { loadSteps } from '../../ollama/load-step.js';
import { ggufFile, model, planOf } from '../support/load-plan.js';

const signal = new AbortController().signal;
const server = { name: 'main', container: 'test-main', url: 'http://127.0.0.1:1', models: [] };

it('counts each blob once, and none that the store has', () => {
  const coming = [{ digest: 'a', bytes: 1 }, { digest: 'b', bytes: 10 }, { digest: 'a', bytes: 1 }, { bytes: 100 }];
  expect(missingBytes(coming, new Map())).toBe(111);
  expect(missingBytes(coming, new Map([['b', 10]]))).toBe(101);
});

it.each([
  [5.2e9, 3.1e9, 'needs 5.2 GB, the disk of the engine has 3.1 GB left (store models)'],
  [3e9, 3.1e9, 'needs 3 GB, the disk of the engine has 3.1 GB left (store models)'],
  [2.8e9, 3.1e9, undefined],
])('%d bytes into %d', (needed, free, message) => {
  expect(shortageOf(needed, free, 'models')?.message).toBe(message);
});

/** The steps of a model whose manifest names one layer of so many bytes, and what is asked for them. */
async function room(bytes: number, free: number): Promise<{ message: string | undefined; questions: string[] }> {
  const steps = loadSteps(planOf(server, [model('qwen3:8b')]), [], {}) as LoadModelStep[];
  const questions: string[] = [];
  const layer = { mediaType: 'model', digest: 'sha256:a', size: bytes };
  const reader = { manifest: () => Promise.resolve({ digest: 'sha256:m', config: layer, layers: [layer] }) };
  const message = await ensureRoom(steps, {
    store: 'models',
    root: '.',
    signal,
    reader: () => Promise.resolve(reader as never),
    readInventory: () => {
      questions.push('inventory');
      return free < 0
        ? Promise.reject(new Error('no engine'))
        : Promise.resolve({ models: [], blobs: new Map(), free });
    },
  }).then(
    () => undefined,
    (error: unknown) => (error instanceof LoadError ? error.message : 'a bug'),
  );
  return { message, questions };
}

it('counts a GGUF twice, because Ollama writes it anew', async () => {
  const file = ggufFile('disk-room.test.ts');
  const locked = { declaration: '', source: '', layers: [{ kind: 'model', digest: 'sha256:a', bytes: 100e6 }] };
  const [step] = loadSteps(planOf(server, [model('ours:latest', { from: [file] })]), [], {}) as LoadModelStep[];
  const blobs = new Map([['sha256:a', 100e6]]);
  const context = {
    store: 'models',
    root: import.meta.dirname,
    signal,
    reader: () => Promise.reject(new Error('none')),
  };
  const ensure = (free: number) =>
    ensureRoom(step ? [{ ...step, locked }] : [], {
      ...context,
      readInventory: () => Promise.resolve({ models: [], blobs: free > 400e6 ? new Map() : blobs, free }),
    });
  await expect(ensure(450e6)).rejects.toThrow('needs 200 MB');
  await expect(ensure(350e6)).rejects.toThrow('needs 100 MB');
  await expect(ensure(500e6)).resolves.toBeUndefined();
});

it.each([
  ['what fits', 1e9, 2e9, undefined, ['inventory']],
  ['what does not', 2e9, 1e9, 'needs 2 GB, the disk of the engine has 1 GB left (store models)', ['inventory']],
  ['what is small is not worth the question', 10e6, 0, undefined, []],
  ['an engine that does not tell', 2e9, -1, undefined, ['inventory']],
])('%s', async (_, bytes, free, message, questions) => {
  expect(await room(bytes, free)).toEqual({ message, questions });
});
