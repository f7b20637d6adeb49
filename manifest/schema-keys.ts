import * as z from 'zod';
import type { PathSegment } from './diagnostics.js';

type Schema = z.core.$ZodType;

/** Keys that a schema knows at a path, for hints; of a union those of every branch. */
export function knownKeys(schema: Schema, path: readonly PathSegment[]): string[] {
  const schemas = path.reduce((above, segment) => above.flatMap((one) => child(one, segment)), branches(schema));
  return [...new Set(schemas.flatMap((one) => (one instanceof z.ZodObject ? Object.keys(one.shape) : [])))];
}

function child(schema: Schema, segment: PathSegment): readonly Schema[] {
  if (schema instanceof z.ZodObject) return segment in schema.shape ? branches(schema.shape[segment]) : [];
  if (schema instanceof z.ZodRecord) return branches(schema.valueType);
  return schema instanceof z.ZodArray ? branches(schema.element) : [];
}

function branches(schema: Schema): readonly Schema[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return branches(schema.unwrap());
  }
  return schema instanceof z.ZodUnion ? schema.options.flatMap(branches) : [schema];
}
