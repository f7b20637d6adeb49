import { expect, it } from 'vitest';
import { Project, repository } from '../support/project.js';
import { runSuite } from '../support/suite.js';

const image = 'ollama/ollama:0.24.0';

it('the deployments pass with Ollama 0.24.0, the last with inference inside', async () => {
  // Built here, because the tests of the suite wait for no compiler.
  const project = await Project.create();
  const setup = await project.verb('setup', image);
  await project.remove();
  expect(setup.code, setup.output).toBe(0);
  const report = await runSuite(repository, ['--project', 'e2e', 'test/e2e/deploy'], {
    OLLAMA_STACKS_E2E_IMAGE: image,
  });
  expect(report.failures).toEqual([]);
  expect(report.numPassedTests).toBeGreaterThan(8);
});
