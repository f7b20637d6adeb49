import type { Finding } from './diagnostics.js';
import { imageVersion, isOlder, isRocm, parseImageRef, rocmImage, type ImageRef } from './image-ref.js';
import type { RawManifest } from './schema.js';

/** Ollama before this lets a client read the server's memory. */
const firstSafe = '0.17.1';
/** Ollama before this lets a GGUF make the server allocate without bound (ollama/ollama #17042). */
const firstSound = '0.31.2';

/** What the schema cannot say about the image, for itself and for the GPUs of the servers. */
export function checkImage(manifest: RawManifest): Finding[] {
  const image = parseImageRef(manifest.image);
  if (image === undefined) {
    const message = `${JSON.stringify(manifest.image)} is no image reference`;
    return [{ severity: 'error', code: 'image', path: ['image'], message, hint: 'write name:tag or name@sha256:…' }];
  }
  return [...checkVersion(image), ...checkBuild(manifest, image)];
}

function checkVersion(image: ImageRef): Finding[] {
  const version = imageVersion(image);
  if (version === undefined) return [];
  const path = ['image'];
  if (isOlder(version, firstSafe)) {
    const message = `ollama ${version.text} has CVE-2026-7482: any client can read the server's memory`;
    return [{ severity: 'error', code: 'ollama-unsafe', path, message, hint: `take ${firstSafe} or later` }];
  }
  if (isOlder(version, firstSound)) {
    const message = `ollama ${version.text} can be brought down by a crafted GGUF`;
    return [{ severity: 'warning', code: 'ollama-old', path, message, hint: `take ${firstSound} or later` }];
  }
  return [];
}

function checkBuild(manifest: RawManifest, image: ImageRef): Finding[] {
  return Object.entries(manifest.servers).flatMap(([name, server]): Finding[] => {
    const gpu = server?.gpu ?? 'none';
    const vendor = typeof gpu === 'object' ? gpu.vendor : gpu;
    const path = ['servers', name, 'gpu'];
    if (vendor === 'amd' && rocmImage(manifest.image, image) === undefined) {
      const message = 'an AMD server needs the -rocm build, and the image is pinned to another one by its digest';
      return [
        { severity: 'error', code: 'image-rocm', path, message, hint: 'write ollama/ollama:<version>-rocm@sha256:…' },
      ];
    }
    if (isRocm(image) && vendor !== 'amd' && vendor !== 'none') {
      const message = 'the image is the -rocm build, which drives AMD GPUs only';
      return [
        {
          severity: 'error',
          code: 'image-rocm',
          path,
          message,
          hint: 'leave -rocm out; AMD servers get it by themselves',
        },
      ];
    }
    return [];
  });
}
