import { expect, it } from 'vitest';
import { buildOpenTofu } from '../../toolchain/opentofu.js';
import { openWorkshop } from '../../toolchain/workshop.js';
import { repository, run } from '../support/project.js';
import { runSuite } from '../support/suite.js';

it('the suite of stacks and the deployments pass with OpenTofu instead of Terraform', async () => {
  const { path: tofu } = await buildOpenTofu(openWorkshop({ env: { ...process.env, OLLAMA_STACKS_HOME: repository } }));
  expect((await run(tofu, ['version'])).stdout).toContain('OpenTofu v1.11');
  const report = await runSuite(
    repository,
    ['--project', 'unit', '--project', 'e2e', 'test/stacks', 'test/e2e/deploy'],
    {
      TERRAFORM_BINARY_NAME: tofu,
    },
  );
  expect(report.failures).toEqual([]);
  expect(report.numPassedTests).toBeGreaterThan(20);
});
