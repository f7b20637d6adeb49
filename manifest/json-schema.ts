import * as z from 'zod';
import { manifestSchema } from './schema.js';

/** A JSON Schema, as far as this layer reads one. */
export interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  enum?: (string | number | boolean | null)[];
  const?: string | number | boolean | null;
  required?: string[];
  pattern?: string;
  [keyword: string]: unknown;
}

const variable = {
  type: 'string',
  pattern: '\\$\\{[A-Za-z_]',
  description: 'A variable: ${NAME} or ${NAME:-default}.',
};

/**
 * `models.schema.json`, for editors (draft-07, which yaml-language-server knows best). Derived from the zod schema; where
 * a number, boolean or word is wanted it also takes a `${VAR}`, because editors see the text before it is replaced.
 */
export function manifestJsonSchema(): JsonSchema {
  const root = withVariables(bareJsonSchema());
  const { version: _version, profiles, ...overlaid } = root.properties ?? {};
  const overlay: JsonSchema = {
    type: 'object',
    properties: overlaid,
    patternProperties: { '^x-': {} },
    additionalProperties: false,
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'models.yaml of ollama-stacks',
    ...root,
    properties: {
      ...root.properties,
      profiles: { ...profiles, additionalProperties: { $ref: '#/definitions/profile' } },
    },
    patternProperties: { '^x-': { description: 'Free, for anchors and notes.' } },
    definitions: { variable, profile: partial(overlay) },
  };
}

/** The schema of a finished manifest, without what only editors need. */
export function bareJsonSchema(): JsonSchema {
  // zod's type also allows boolean schemas, which ours never produces.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const schema = z.toJSONSchema(manifestSchema, { io: 'input', target: 'draft-7' }) as JsonSchema;
  delete schema['$schema'];
  return schema;
}

/** Applies `change` to every schema below, then to this one. */
function rewrite(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const below = (one: JsonSchema): JsonSchema => rewrite(one, change);
  const copy = { ...schema };
  if (copy.properties) copy.properties = mapValues(copy.properties, below);
  if (typeof copy.additionalProperties === 'object') copy.additionalProperties = below(copy.additionalProperties);
  if (copy.items) copy.items = below(copy.items);
  if (copy.anyOf) copy.anyOf = copy.anyOf.map(below);
  if (copy.oneOf) copy.oneOf = copy.oneOf.map(below);
  return change(copy);
}

function withVariables(root: JsonSchema): JsonSchema {
  return rewrite(root, (schema) => {
    const fixed = schema.enum !== undefined || ['integer', 'number', 'boolean'].includes(schema.type ?? '');
    // The vendor tells the branches of `gpu` apart, and no text would keep its shape with a pattern beside the variable.
    if (!fixed || schema.const !== undefined) return schema;
    const { description, default: fallback, ...rest } = schema;
    return {
      ...(description && { description }),
      ...(fallback !== undefined && { default: fallback }),
      anyOf: [rest, { $ref: '#/definitions/variable' }],
    };
  });
}

/** What a profile may say: nothing is required, no default is implied, and null removes. */
function partial(root: JsonSchema): JsonSchema {
  return rewrite(root, ({ required: _required, default: _default, ...schema }) => {
    if (!schema.properties) return schema;
    return { ...schema, properties: mapValues(schema.properties, (one) => ({ anyOf: [one, { type: 'null' }] })) };
  });
}

function mapValues(
  record: Readonly<Record<string, JsonSchema>>,
  change: (schema: JsonSchema) => JsonSchema,
): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(record).map(([key, schema]) => [key, change(schema)]));
}
