import type { Container } from '@cdktf/provider-docker/lib/container/index.js';
import type { TerraformStack } from '../cdktf.js';

/**
 * Everything the prebuilt bindings (generated from provider 3.6.2) cannot say. They pin that very version, which
 * cannot choose GPUs, panics on `cpus` and deletes stopped containers during plan.
 */
const providerConstraint = '~> 4.6';

/** `docker_container.device_requests` of provider 4; `driver` is `nvidia` or `cdi`. */
export interface DeviceRequest {
  readonly driver: string;
  readonly device_ids: readonly string[];
  readonly capabilities?: readonly string[];
}

/** Replaces the exact version the bindings pin. */
export function constrainProvider(stack: TerraformStack): void {
  stack.addOverride('terraform.required_providers.docker.version', providerConstraint);
}

/** Asks for devices by name; must not be combined with `gpus`. */
export function requestDevices(container: Container, requests: readonly DeviceRequest[]): void {
  container.addOverride('device_requests', requests);
}
