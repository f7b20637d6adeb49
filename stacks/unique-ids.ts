import type { IValidation } from 'constructs';
import { TerraformResource, type TerraformStack } from './cdktf.js';

/**
 * Refuses two resources of one address. cdktf strips all but letters, digits, `_` and `-` from the id of a direct child
 * of the stack and merges equal ones without a word: `llama3.1:8b` and `llama3:18b` would become one resource.
 */
export class UniqueIds implements IValidation {
  constructor(private readonly stack: TerraformStack) {}

  validate(): string[] {
    const paths = new Map<string, string>();
    return this.stack.node.findAll().flatMap((node) => {
      if (!TerraformResource.isTerraformResource(node)) return [];
      const address = `${node.terraformResourceType}.${node.friendlyUniqueId}`;
      const earlier = paths.get(address);
      paths.set(address, node.node.path);
      return earlier === undefined
        ? []
        : [`${earlier} and ${node.node.path} have the same address ${address}; nest one of them`];
    });
  }
}
