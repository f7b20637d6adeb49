import { Container } from '@cdktf/provider-docker/lib/container/index.js';

/**
 * The container of the bindings without the sixty arguments that are not set: cdktf looks for tokens in the name of
 * every one of them, which is a third of the time of a large stack.
 */
export class LeanContainer extends Container {
  protected override synthesizeAttributes(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(super.synthesizeAttributes()).filter(([, value]) => !isUnset(value)));
  }
}

function isUnset(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
