import { expect, it } from 'vitest';
import type { Server } from '../../../manifest/manifest.js';
import type { Machine } from '../../../scripts/doctor/diagnosis.js';
import { manifestDiagnoses } from '../../../scripts/doctor/manifest-diagnoses.js';
import { validManifest, validServer } from '../valid-manifest.js';

const machine: Machine = {
  engine: { host: 'unix:///x', version: '28', memory: 16e9, cpus: 4, nvidia: false },
  freeDisk: 100e9,
};

const troubled = (server: Partial<Server>, changes: Partial<Machine>) =>
  manifestDiagnoses({ ...validManifest, servers: [{ ...validServer, ...server }] }, { ...machine, ...changes }).filter(
    ({ status }) => status !== 'fine',
  );

it('is content with a machine that has everything', () => {
  expect(troubled({}, {})).toEqual([]);
});

it.each<[string, Partial<Server>, Partial<Machine>, string, string]>([
  ['little disk', {}, { freeDisk: 1e9 }, 'disk', 'docker system df'],
  ['more memory promised than there is', { memory: 32e9 }, {}, 'memory', 'lower `memory`'],
  ['a GPU without a runtime', { gpu: { vendor: 'nvidia', devices: 1 } }, {}, 'gpu', 'nvidia-ctk'],
  ['an Ollama with a known hole', { image: 'ollama/ollama:0.17.0' }, {}, 'ollama-version', 'set `image`'],
])('tells %s, with its cause and a remedy', (_case, server, changes, code, remedy) => {
  const [found, ...others] = troubled(server, changes);
  expect(others).toEqual([]);
  expect(found).toMatchObject({ code });
  expect(found?.cause).toBeTruthy();
  expect(found?.remedy).toContain(remedy);
});
