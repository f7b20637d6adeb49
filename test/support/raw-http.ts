import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** An answer as its bytes were. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the connection was ended with it; looked for when asked only. */
  readonly closed: boolean;
  readonly ms: number;
}

export interface RawOptions {
  /** Writes on, after the first text, until the answer has come. */
  readonly goOn?: (socket: Socket) => void;
  readonly timeoutMs?: number;
  /** Waits, half a second at most, for the end of the connection. */
  readonly untilClosed?: boolean;
  /** The answer has no body, whatever it says: that to HEAD. */
  readonly bodiless?: boolean;
}

/** Writes a text as it is, for what no client library would send, and reads one answer. Rejects when there is none. */
export async function rawRequest(port: number, text: string | Buffer, options: RawOptions = {}): Promise<RawAnswer> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    let grace: NodeJS.Timeout | undefined;
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(text);
      options.goOn?.(socket);
    });
    const late = setTimeout(() => finish(false), options.timeoutMs ?? 10_000);
    const finish = (closed: boolean): void => {
      clearTimeout(late);
      clearTimeout(grace);
      socket.destroy();
      const answer = parsed(got.toString('latin1'), options);
      if (answer === undefined) reject(new Error(`no answer, but ${JSON.stringify(got.toString('latin1'))}`));
      else resolve({ ...answer, closed, ms: performance.now() - start });
    };
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      if (parsed(got.toString('latin1'), options) === undefined) return;
      if (options.untilClosed) grace ??= setTimeout(() => finish(false), 500);
      else finish(false);
    });
    socket.once('end', () => finish(true)).once('error', () => finish(true));
  });
}

type Parsed = Pick<RawAnswer, 'status' | 'headers' | 'body'>;

/** Undefined until the body is as long as it says. */
function parsed(text: string, { bodiless }: RawOptions): Parsed | undefined {
  const end = text.indexOf('\r\n\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]);
  if (end < 0 || !status) return undefined;
  const lines = text.slice(0, end).split('\r\n').slice(1);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = text.slice(end + 4);
  const wanted = bodiless ? 0 : Number(headers['content-length'] ?? 0);
  return body.length < wanted ? undefined : { status, headers, body: Buffer.from(body, 'latin1').toString() };
}
