import { createHash } from 'node:crypto';
import { declarationOf } from '../manifest/declaration.js';
import type { Model } from '../manifest/manifest.js';
import { LoadError } from './load-error.js';

/** `sha256:` of a model's declaration (`declarationOf`). Throws `LoadError` for models that are made from each other. */
export function declarationHash(model: Model, declared: ReadonlyMap<string, Model>): string {
  const declaration = declarationOf(model, declared);
  if (typeof declaration === 'string') return `sha256:${createHash('sha256').update(declaration).digest('hex')}`;
  const words = declaration.circle.join(' from ');
  throw new LoadError(`models are made from each other: ${words}`, 'give one a source of its own');
}
