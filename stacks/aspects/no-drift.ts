import { Container, type ContainerPorts } from '@cdktf/provider-docker/lib/container/index.js';
import type { IConstruct } from 'constructs';
import type { IAspect } from '../cdktf.js';

/**
 * Sets what the engine would otherwise fill in by itself, so that a second apply changes nothing. Each rule is a
 * read-back of kreuzwerker/docker 4.6 (`resource_docker_container_funcs.go`) that differs from a configuration without it.
 */
export class NoDrift implements IAspect {
  visit(node: IConstruct): void {
    if (!(node instanceof Container)) return;
    setMemorySwap(node);
    setCapabilityNames(node);
    setStopTime(node);
    setLogs(node);
    setPortAddress(node);
  }
}

/** Without it the engine allows twice the memory, and raising the memory alone fails. Equal means: no swap. */
function setMemorySwap(container: Container): void {
  if (container.memoryInput !== undefined) container.memorySwap = container.memoryInput;
}

/** The engine reports `CAP_SYS_NICE` for `SYS_NICE`. */
function setCapabilityNames(container: Container): void {
  const { internalValue } = container.capabilities;
  if (internalValue === undefined) return;
  container.putCapabilities({
    add: internalValue.add?.map(capabilityName),
    drop: internalValue.drop?.map(capabilityName),
  });
}

function capabilityName(name: string): string {
  return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
}

/** Unset means SIGKILL in the same second as SIGTERM, on every replacement. */
function setStopTime(container: Container): void {
  container.destroyGraceSeconds = container.destroyGraceSecondsInput ?? 10;
}

/** Unset means whatever the engine's configuration says, unbounded by default. */
function setLogs(container: Container): void {
  container.logDriver = container.logDriverInput ?? 'json-file';
  container.logOpts = container.logOptsInput ?? { 'max-size': '10m', 'max-file': '3' };
}

/** Unset means every interface; these servers ask nobody for a key. */
function setPortAddress(container: Container): void {
  const ports = container.ports.internalValue;
  if (!Array.isArray(ports)) return;
  container.putPorts(ports.map((port: ContainerPorts) => ({ protocol: 'tcp', ...port, ip: port.ip ?? '127.0.0.1' })));
}
