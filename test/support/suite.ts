import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './project.js';

interface SuiteReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly failures: readonly string[];
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  testResults: {
    name: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/** Runs part of our own suite in `checkout` as a process of its own, with other tools or versions in its environment. */
export async function runSuite(
  checkout: string,
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<SuiteReport> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ollama-stacks-suite-'));
  const outputFile = path.join(folder, 'report.json');
  const vitest = path.join(checkout, 'node_modules', 'vitest', 'vitest.mjs');
  try {
    const { output } = await run(
      process.execPath,
      [vitest, 'run', '--reporter=json', `--outputFile=${outputFile}`, ...argv],
      {
        cwd: checkout,
        env: { ...process.env, ...env },
      },
    );
    const report = JSON.parse(
      await readFile(outputFile, 'utf8').catch(() => Promise.reject(new Error(output))),
    ) as VitestReport;
    const failures = report.testResults.flatMap((file) => [
      ...(file.message ? [`${file.name}: ${file.message}`] : []),
      ...file.assertionResults
        .filter(({ status }) => status === 'failed')
        .map((test) => `${test.fullName}: ${test.failureMessages.join('\n')}`),
    ]);
    return { numPassedTests: report.numPassedTests, numFailedTests: report.numFailedTests, failures };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
