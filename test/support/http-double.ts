import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';

/** A double of an HTTP server on a free port, for answers that no real one can be brought to give. */
export interface HttpDouble extends AsyncDisposable {
  readonly url: string;
}

export async function httpDouble(listener: RequestListener): Promise<HttpDouble> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('a listening server has a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
