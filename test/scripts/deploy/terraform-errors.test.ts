import { expect, it } from 'vitest';
import { explainEngineError, explainTerraformError, wantsInit } from '../../../scripts/deploy/terraform-errors.js';

// Texts as Terraform 1.11, provider 4.6 and Docker 20.10 to 28 wrote them.
it.each([
  [
    'port-in-use',
    'Unable to start container: Error response from daemon: driver failed programming external connectivity on endpoint p-main (3f55): Error starting userland proxy: listen tcp4 127.0.0.1:21434: bind: address already in use',
    'port 21434 of server main is in use by something else',
  ],
  [
    'port-in-use',
    'Unable to start container: Error response from daemon: driver failed programming external connectivity on endpoint p-main (3f55): Bind for 127.0.0.1:21434 failed: port is already allocated',
    'port 21434 of server main is in use by something else',
  ],
  [
    'name-conflict',
    'Unable to create container: Error response from daemon: Conflict. The container name "/p-main" is already in use by container "052adf28ca0d67d7263b4e3cfa1b5c84". You have to remove (or rename) that container to be able to reuse that name.',
    'container p-main exists already and is not ours',
  ],
  [
    'no-gpu-runtime',
    'Unable to start container: Error response from daemon: could not select device driver "nvidia" with capabilities: [[gpu]]',
    'the engine cannot give server main the GPU it asks for: it has no runtime for it',
  ],
  [
    'engine-not-running',
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'the Docker engine does not answer at unix:///var/run/docker.sock',
  ],
  [
    'engine-permission',
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied',
    'you may not use the Docker engine',
  ],
  [
    'engine-stopped',
    'Error response from daemon: failed to update store for object type *libnetwork.endpointCnt: open : no such file or directory',
    'the Docker engine stopped in the middle of its work',
  ],
  ['disk-full', 'write /var/lib/docker/tmp/x: no space left on device', 'the disk is full'],
  [
    'state-locked',
    'Error acquiring the state lock\nError message: resource temporarily unavailable\nLock Info:\n  ID:        b2f7\n',
    'another terraform or `up` works on this project right now',
  ],
  [
    'image-missing',
    'unable to find or pull image ollama/ollama:9',
    'the image ollama/ollama:9 is not on the engine and could not be pulled',
  ],
])('%s', (code, summary, message) => {
  const finding = explainTerraformError({ summary, detail: '' }, 'server main');
  expect(finding).toMatchObject({ code, message });
  expect(finding.next).toBeTruthy();
  expect(finding.original?.trim()).toBe(summary.trim());
});

it('shows what it does not know as it came, with the resource', () => {
  const error = {
    summary: 'Unsupported argument',
    detail: 'An argument named "x" is not expected here.',
    address: 'docker_container.a',
  };
  expect(explainTerraformError(error)).toEqual({
    code: 'terraform',
    message: 'terraform: Unsupported argument (docker_container.a)',
    original: 'Unsupported argument\nAn argument named "x" is not expected here.',
  });
});

it.each([
  ['Error: Inconsistent dependency lock file', true],
  ['Error: Required plugins are not installed', true],
  ['Backend initialization required, please run "terraform init"', true],
  ['Error: Unsupported argument', false],
])('wantsInit %s', (text, expected) => {
  expect(wantsInit(text)).toBe(expected);
});

it.each([
  [
    'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?',
    'engine-not-running',
    'the Docker engine does not answer at unix:///x.sock',
  ],
  ['Error response from daemon: odd\nmore', 'engine', 'the Docker engine refused: Error response from daemon: odd'],
])('explainEngineError %s', (text, code, message) => {
  expect(explainEngineError(text)).toMatchObject({ code, message, original: text });
});
