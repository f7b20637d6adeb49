/** A container image as Docker names it (distribution/reference): `[domain/]path[:tag][@digest]`. */
export interface ImageRef {
  /** With the domain: `ollama/ollama`, `registry.local:5000/ollama`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:<64 hex>`. */
  readonly digest?: string;
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const domain = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\\d+)?/)?';
const reference = new RegExp(
  `^(${domain}${component}(?:/${component})*)(?::(\\w[\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);

/** Parses an image reference; undefined when Docker would refuse it. */
export function parseImageRef(text: string): ImageRef | undefined {
  const match = text.length > 512 ? null : reference.exec(text);
  if (match === null) return undefined;
  return { repository: match[1] ?? '', tag: match[2], digest: match[3] };
}

/** The Ollama version that the tag of an `…/ollama` image says; `prerelease` for `0.17.1-rc0`. Undefined when it says none. */
export function imageVersion(image: ImageRef): { readonly text: string; readonly prerelease: boolean } | undefined {
  if (!isOllama(image)) return undefined;
  const match = /^v?(\d+\.\d+\.\d+)(-rc\d*)?(?:-rocm)?$/.exec(image.tag ?? '');
  return match === null ? undefined : { text: match[1] ?? '', prerelease: match[2] !== undefined };
}

/** Whether the version the image says is older than `floor` (`0.17.1`). */
export function isOlder(version: { readonly text: string; readonly prerelease: boolean }, floor: string): boolean {
  const ours = version.text.split('.').map(Number);
  const theirs = floor.split('.').map(Number);
  const index = ours.findIndex((number, at) => number !== theirs[at]);
  return index === -1 ? version.prerelease : (ours[index] ?? 0) < (theirs[index] ?? 0);
}

/** Whether the tag is one of Ollama's AMD builds. */
export function isRocm(image: ImageRef): boolean {
  return /(?:^|-)rocm$/.test(image.tag ?? '');
}

/**
 * The image of an AMD server: the `-rocm` tag of the same version (release.yaml of Ollama). Images that are not Ollama's
 * own build stay as they are. Undefined when a digest pins another build.
 */
export function rocmImage(text: string, image: ImageRef): string | undefined {
  if (!isOllama(image) || isRocm(image)) return text;
  if (image.digest !== undefined) return undefined;
  return `${image.repository}:${image.tag === undefined || image.tag === 'latest' ? 'rocm' : `${image.tag}-rocm`}`;
}

function isOllama(image: ImageRef): boolean {
  return image.repository.split('/').at(-1) === 'ollama';
}
