/** Label of everything we create on an engine; its value is the project. What lacks it is not ours and never touched. */
export const projectLabel = 'io.ollama-stacks.project';

/**
 * Label of a container with a memory limit. An engine cannot lift a limit in place, and a changed label replaces the
 * container, so taking `memory` out of a manifest takes effect.
 */
export const limitedLabel = 'io.ollama-stacks.memory-limited';

/** Label of a container; its value is the server's name. */
export const serverLabel = 'io.ollama-stacks.server';

/** Label of the containers of the gateway and of what observes it; its value says which: `gateway`, `prometheus`, `grafana`. */
export const roleLabel = 'io.ollama-stacks.role';

/** Label of the container of the gateway; its value is `GatewayPlan.revision`, by which the rollout knows it from its predecessor. */
export const gatewayLabel = 'io.ollama-stacks.gateway';
