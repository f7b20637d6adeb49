import { expect, it } from 'vitest';
import { Project, repository } from '../support/project.js';
import { runSuite } from '../support/suite.js';

const image = 'ollama/ollama:0.24.0';

it('deployments, locks and faults of the transfer pass with Ollama 0.24.0, the last with inference inside', async () => {
  // Built here, because the tests of the suite wait for no compiler.
  const project = await Project.create();
  const setup = await project.verb('setup', image);
  await project.remove();
  expect(setup.code, setup.output).toBe(0);
  const report = await runSuite(repository, ['--project', 'e2e', 'test/e2e/deploy', 'test/e2e/models', 'test/faults'], {
    OLLAMA_STACKS_E2E_IMAGE: image,
    OLLAMA_STACKS_TEST_IMAGE: 'ollama-stacks/ollama:0.24.0-cpu',
  });
  expect(report.failures).toEqual([]);
  expect(report.numPassedTests).toBeGreaterThan(45);
});
