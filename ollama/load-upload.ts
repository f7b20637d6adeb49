import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import type { GgufFile } from './gguf-file.js';
import type { LoadProgress } from './load-progress.js';
import type { OllamaServer } from './server.js';

/** Uploads a file unless the server has its content, and resolves to its digest. */
export async function upload(file: GgufFile, progress: LoadProgress, server: OllamaServer): Promise<string> {
  const digest = `sha256:${file.sha256}`;
  if (await server.hasBlob(digest)) return digest;
  let completed = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      completed += chunk.length;
      progress.bytes('uploading', completed, file.bytes);
      done(null, chunk);
    },
  });
  const content = createReadStream(file.path, { highWaterMark: 1 << 20 });
  content.on('error', (error) => counting.destroy(error));
  await server.uploadBlob(digest, content.pipe(counting), file.bytes);
  return digest;
}
