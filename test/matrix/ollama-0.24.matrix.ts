import { expect, it } from 'vitest';
import { repository } from '../support/project.js';
import { runSuite } from '../support/suite.js';

it('the deployments pass with Ollama 0.24.0, the last with inference inside', async () => {
  const report = await runSuite(repository, ['--project', 'e2e', 'test/e2e/deploy'], {
    OLLAMA_STACKS_E2E_IMAGE: 'ollama/ollama:0.24.0',
  });
  expect(report.failures).toEqual([]);
  expect(report.numPassedTests).toBeGreaterThan(8);
});
