import path from 'node:path';

export const providerVersion = '4.6.0';
export const registries = ['registry.terraform.io', 'registry.opentofu.org'] as const;

/** Terraform's name of this platform, such as `linux_amd64`. */
export function platform(os: string = process.platform, architecture: string = process.arch): string {
  const goArchitecture = architecture === 'x64' ? 'amd64' : architecture;
  return `${os}_${goArchitecture}`;
}

/** Where a filesystem mirror keeps the provider, for each registry that Terraform or OpenTofu may ask (unpacked layout). */
export function mirrorFiles(root: string): string[] {
  const file = path.join(
    'kreuzwerker',
    'docker',
    providerVersion,
    platform(),
    `terraform-provider-docker_v${providerVersion}`,
  );
  return registries.map((registry) => path.join(root, registry, file));
}

/** A CLI configuration that takes the provider from a mirror, and everything else from where it always came. */
export function mirrorConfiguration(root: string): string {
  const sources = registries.map((registry) => JSON.stringify(`${registry}/kreuzwerker/docker`)).join(', ');
  return `provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(root)}
    include = [${sources}]
  }
  direct {
    exclude = [${sources}]
  }
}
`;
}
