/**
 * The only module that imports `cdktf`, so that the maintained fork stays a one-line switch in package.json
 * (`"cdktf": "npm:cdktn@…"` in `dependencies` and in `overrides`).
 */
export { App, Aspects, DataResource, LocalBackend, TerraformOutput, TerraformResource, TerraformStack } from 'cdktf';
export type { IAspect, LocalExecProvisioner } from 'cdktf';
