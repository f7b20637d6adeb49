import { createServer, type RequestListener } from 'node:http';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A double of an engine on a unix socket, for answers that no real one can be brought to give. */
export interface EngineDouble extends AsyncDisposable {
  readonly host: string;
  readonly directory: string;
}

export async function engineDouble(listener: RequestListener, mode = 0o600): Promise<EngineDouble> {
  const directory = await mkdtemp(path.join(tmpdir(), 'engine-double-'));
  await chmod(directory, 0o755);
  const socket = path.join(directory, 'docker.sock');
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await chmod(socket, mode);
  return {
    host: `unix://${socket}`,
    directory,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Answers `/version` and says that it holds these images. */
export function engineAnswers(version: string, images: readonly string[] = []): RequestListener {
  return ({ url = '' }, response) => {
    const known = url === '/version' || images.some((image) => url === `/images/${image}/json`);
    response.writeHead(known ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ Version: version }));
  };
}
