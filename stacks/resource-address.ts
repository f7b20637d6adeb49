import type { TerraformResource } from './cdktf.js';

/** Address of a resource (`terraform_data.x`), for `replace_triggered_by`, which takes no `${…}` in JSON; cdktf writes one. */
export function resourceAddress(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}
