import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { manifestJsonSchema, type JsonSchema } from '../../manifest/json-schema.js';

it('is what models.schema.json holds', () => {
  const file = readFileSync(new URL('../../models.schema.json', import.meta.url), 'utf8');
  expect(file).toBe(`${JSON.stringify(manifestJsonSchema(), null, 2)}\n`);
});

it('describes every key', () => {
  const bare: string[] = [];
  const visit = (schema: JsonSchema, path: string): void => {
    for (const [key, option] of Object.entries(schema.properties ?? {})) {
      if (option.description === undefined) bare.push(`${path}.${key}`);
      visit(option, `${path}.${key}`);
    }
    const values = typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [];
    for (const below of [
      ...values,
      ...(schema.items ? [schema.items] : []),
      ...(schema.anyOf ?? []),
      ...(schema.oneOf ?? []),
    ]) {
      visit(below, path);
    }
  };
  visit(manifestJsonSchema(), '');
  expect(bare).toEqual([]);
});

it('takes x- keys, variables for numbers, and removals in profiles', () => {
  const { patternProperties, definitions, additionalProperties } = manifestJsonSchema();
  expect(additionalProperties).toBe(false);
  expect(Object.keys(patternProperties ?? {})).toEqual(['^x-']);
  expect(JSON.stringify(definitions)).toContain('{"type":"null"}');
  expect(JSON.stringify(definitions)).not.toContain('"required"');
});
