import { modelNameKey } from '../manifest/model-ref.js';
import { shortHash } from './short-hash.js';

/** Namespace of the names that the loader uses on its way; nobody else's model lies there. */
const namespace = 'ollama-stacks-staging';

export const isStagingName = (name: string): boolean => name.startsWith(`${namespace}/`);

/** Where a model is created before it takes its place. */
export const newName = (model: string): string => `${namespace}/${shortHash(modelNameKey(model))}:new`;

/** Where what bears a model's name waits until the new one is in place. */
export const oldName = (model: string): string => `${namespace}/${shortHash(modelNameKey(model))}:old`;
