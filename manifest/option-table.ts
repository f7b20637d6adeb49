import { bareJsonSchema, type JsonSchema } from './json-schema.js';

interface Option {
  readonly path: string;
  readonly type: string;
  readonly default: string;
  readonly meaning: string;
}

/** Every option of `models.yaml` as a Markdown table, for docs/manifest.md. */
export function optionTable(): string {
  const header = { path: 'Key', type: 'Type', default: 'Default', meaning: 'Meaning' };
  const rule = { path: '---', type: '---', default: '---', meaning: '---' };
  return [header, rule, ...options(bareJsonSchema(), '')]
    .map((option) => `| ${option.path} | ${option.type} | ${option.default} | ${option.meaning} |\n`)
    .join('');
}

function options(schema: JsonSchema, prefix: string): Option[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return [describe(path, option), ...options(option, path)];
  });
  const { additionalProperties: values, items } = schema;
  const named = typeof values === 'object' ? options(values, `${prefix}.<name>`) : [];
  const listed = items === undefined ? [] : options(items, `${prefix}[]`);
  return unique([...own, ...named, ...listed, ...branches(schema).flatMap((branch) => options(branch, prefix))]);
}

/** Branches of a union share keys, such as the devices of each GPU vendor: one row each, with every type and meaning. */
function unique(found: readonly Option[]): Option[] {
  return [...new Set(found.map(({ path }) => path))].map((path) => {
    const rows = found.filter((row) => row.path === path);
    const join = (key: keyof Option, by: string): string =>
      [...new Set(rows.map((row) => row[key]))].filter(Boolean).join(by);
    return { path, type: join('type', ' or '), default: join('default', ' or '), meaning: join('meaning', ' ') };
  });
}

function describe(path: string, option: JsonSchema): Option {
  const value = option.default;
  return {
    path: `\`${path}\``,
    type: typeOf(option),
    default: value === undefined ? '' : `\`${JSON.stringify(value)}\``,
    meaning: (option.description ?? '').replaceAll('|', '\\|'),
  };
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ');
  const parts = branches(schema);
  if (parts.length > 0) return [...new Set(parts.map(typeOf))].filter((type) => type !== 'null').join(' or ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  return schema.type === 'object' ? 'map' : (schema.type ?? 'any');
}

function branches(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [];
}
