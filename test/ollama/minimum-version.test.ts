import { expect, it } from 'vitest';
import { checkVersion } from '../../ollama/minimum-version.js';

it.each(['0.17.1', '0.17.10', '0.34.0', 'v0.34.0-rc2', '1.0.0'])('accepts %s', (version) => {
  expect(() => checkVersion('main', version)).not.toThrow();
});

it.each(['0.17.0', '0.9.6', '0.0.0', 'unknown'])('refuses %s', (version) => {
  expect(() => checkVersion('main', version)).toThrow(
    `server main runs Ollama ${version}, which lets any client read its memory (CVE-2026-7482)`,
  );
});
