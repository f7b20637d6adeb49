import { describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../scripts/report/server-status.js';
import type { GpuVerdict } from '../../../scripts/smoke/gpu-proof.js';
import { gatewayObservation, observationOf, unseen } from '../../../scripts/watch/observation.js';

const status: ServerStatus = {
  server: 'main',
  container: 'p-main',
  url: 'http://127.0.0.1:1',
  state: 'running',
  version: '0.34.0',
  up: true,
  satisfied: true,
  models: [{ name: 'tiny:latest', declared: true, present: true, loaded: true, gpu: 1 }],
};
const cuda = { library: 'CUDA', name: 'CUDA0', description: 'NVIDIA L4' };
const well: GpuVerdict = { findings: [], advice: [], look: { devices: [cuda] } };
const restartable = { code: 'gpu-no-device-node', cause: 'c', remedy: 'r', restart: true as const };
const lost: GpuVerdict = {
  findings: [{ severity: 'error', code: 'gpu-unused', message: 'the CPU only' }],
  advice: [restartable],
  look: { devices: [{ library: 'cpu' }] },
};

describe('observationOf', () => {
  it('a server that is as it should be', () => {
    expect(
      observationOf(status, {
        declared: true,
        server: well,
        models: [{ name: 'tiny:latest', share: 1, verdict: well }],
      }),
    ).toEqual({
      gpu: 'used',
      troubles: [],
      advice: [],
      restartHelps: false,
      seen: 'Ollama 0.34.0, 1 of 1 models, CUDA0 (NVIDIA L4)',
    });
  });

  it('a lost GPU, with every cause once', () => {
    const models = [{ name: 'tiny:latest', share: 0, verdict: lost }];
    const seen = observationOf(status, { declared: true, server: lost, models });
    expect(seen).toMatchObject({ gpu: 'lost', restartHelps: true, advice: [restartable] });
    expect(seen.troubles).toMatchObject([{ code: 'gpu-unused' }, { code: 'gpu-unused', subject: 'tiny:latest' }]);
  });

  it('what only warns is no trouble', () => {
    const warned: GpuVerdict = { ...well, findings: [{ severity: 'warning', code: 'gpu-spilled', message: 'm' }] };
    expect(
      observationOf(status, { declared: true, server: well, models: [{ name: 'm', share: 0.5, verdict: warned }] }),
    ).toMatchObject({ gpu: 'used', troubles: [] });
  });

  it('nothing loaded and no log is not proved', () => {
    const blind: GpuVerdict = { ...well, look: { devices: [] } };
    expect(observationOf(status, { declared: true, server: blind, models: [] })).toMatchObject({
      gpu: 'unproven',
      seen: 'Ollama 0.34.0, 1 of 1 models, GPU not proven (nothing is loaded)',
    });
  });

  it('a server that does not answer, or lacks a model', () => {
    const { version, ...silent } = status;
    expect(version).toBe('0.34.0');
    const exited = { ...silent, state: 'exited', up: false, satisfied: false, models: [] };
    expect(observationOf(exited, { declared: true, models: [] }).troubles).toEqual([
      { code: 'server-exited', message: 'container p-main is exited; npm run logs -- main, then npm run up' },
    ]);
    const missing = {
      ...status,
      satisfied: false,
      models: [{ name: 'tiny:latest', declared: true, present: false, loaded: false }],
    };
    expect(observationOf(missing, { declared: false, models: [] })).toMatchObject({
      gpu: 'none',
      troubles: [{ code: 'model', subject: 'tiny:latest', message: 'model tiny:latest is not there; npm run up' }],
    });
  });
});

it('an engine that refuses is a trouble of every server', () => {
  expect(unseen('the Docker engine does not answer').troubles).toEqual([
    { code: 'engine', message: 'the Docker engine does not answer' },
  ]);
});

describe('gatewayObservation', () => {
  const fine = { container: 'p-gateway', url: 'https://127.0.0.1:11443', state: 'running', up: true };
  it.each([
    ['one that answers', fine, []],
    [
      'one that stopped',
      { ...fine, state: 'exited', up: false },
      [{ code: 'gateway-exited', message: 'container p-gateway is exited; npm run logs -- gateway, then npm run up' }],
    ],
    [
      'one whose certificate ended',
      { ...fine, certificateEnds: '2020-01-01T00:00:00.000Z' },
      [{ code: 'certificate', message: 'its certificate ended on 2020-01-01; npm run tls -- show' }],
    ],
  ])('%s', (_case, gateway, troubles) => {
    expect(gatewayObservation(gateway)).toMatchObject({ gpu: 'none', troubles, restartHelps: false });
  });
});
