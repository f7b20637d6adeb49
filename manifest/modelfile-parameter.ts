import type * as z from 'zod';
import type { Instruction } from './modelfile-instruction.js';
import type { ModelfileProblem } from './modelfile.js';
import { parametersSchema } from './parameters-schema.js';
import { findingsOfIssue } from './schema-finding.js';
import { suggestion } from './suggestion.js';

type Parameter = { readonly value: unknown } | { readonly value?: undefined; readonly problem: ModelfileProblem };

/** Ollama warns of these and leaves them out (`deprecatedParameters` of parser/parser.go). */
const deprecated = new Set([
  'penalize_newline',
  'low_vram',
  'f16_kv',
  'logits_all',
  'vocab_only',
  'use_mlock',
  'mirostat',
  'mirostat_tau',
  'mirostat_eta',
]);

const shape: Readonly<Record<string, z.ZodType>> = parametersSchema.shape;

/** The value of a `PARAMETER` with the type that the manifest gives this parameter. */
export function parseParameter({ subject: name, value: text, line }: Instruction): Parameter {
  if (deprecated.has(name)) {
    const message = `ollama ignores the parameter ${name}`;
    return { problem: { severity: 'warning', line, message, hint: 'take the line out' } };
  }
  const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
  if (schema === undefined) {
    const names = Object.keys(shape);
    const message = `unknown parameter ${JSON.stringify(name)}`;
    const hint = suggestion(name, names) ?? `known are ${names.join(', ')}`;
    return { problem: { severity: 'error', line, message, hint } };
  }
  const readings = readingsOf(text);
  const value = readings.find((reading) => schema.safeParse(reading).success);
  return value === undefined ? { problem: { severity: 'error', line, message: fault(name, readings[0]) } } : { value };
}

/** As a number and as a boolean (`strconv.ParseBool`) where it reads as one, and as text. */
function readingsOf(text: string): readonly unknown[] {
  const numbers = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? [Number(text)] : [];
  const booleans = [...(/^(?:1|t|true)$/i.test(text) ? [true] : []), ...(/^(?:0|f|false)$/i.test(text) ? [false] : [])];
  return [...numbers, ...booleans, text];
}

function fault(name: string, reading: unknown): string {
  const value = { [name]: reading };
  const { error } = parametersSchema.safeParse(value);
  const [finding] = error?.issues.flatMap((issue) => findingsOfIssue(issue, parametersSchema, value)) ?? [];
  return `the parameter ${name} ${finding?.message ?? 'is not allowed'}`;
}
