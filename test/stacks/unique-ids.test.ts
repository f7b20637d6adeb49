import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import { Construct } from 'constructs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { App, TerraformStack } from '../../stacks/cdktf.js';
import { UniqueIds } from '../../stacks/unique-ids.js';

const container = { name: 'name', image: 'image' };

it.each<[string, (stack: TerraformStack, id: string) => void, string[]]>([
  [
    'direct children whose ids collapse',
    (stack, id) => new Container(stack, id, container),
    ['p/llama3.1:8b and p/llama3:18b have the same address docker_container.llama318b; nest one of them'],
  ],
  ['nested ones, which get a hash', (stack, id) => new Container(new Construct(stack, id), 'Resource', container), []],
])('%s', (_, add, expected) => {
  const outdir = mkdtempSync(path.join(tmpdir(), 'ollama-stacks-ids-'));
  try {
    const stack = new TerraformStack(new App({ outdir }), 'p');
    add(stack, 'llama3.1:8b');
    add(stack, 'llama3:18b');
    expect(new UniqueIds(stack).validate()).toEqual(expected);
  } finally {
    rmSync(outdir, { recursive: true });
  }
});
