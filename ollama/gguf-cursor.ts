import { LoadError } from './load-error.js';

/** What was read is no GGUF, or a damaged one; the message begins with `it is` or `its` and names no file. */
export class UnreadableGguf extends LoadError {}

/** Bytes `start` (inclusive) to `end` (exclusive) of a file; fewer at its end. */
export type ReadBytes = (start: number, end: number) => Promise<Buffer>;

/** Of one reading: small at first, because most headers end in it, then more to spare round trips. */
const firstBytes = 64 * 2 ** 10;
const laterBytes = 2 ** 20;
/** The largest vocabularies take some 20 MB. */
const mostBytes = 128 * 2 ** 20;

/** Walks the front of a GGUF, holding one piece of it; every length in the file is checked before it is believed. */
export class GgufCursor {
  #piece: Buffer = Buffer.alloc(0);
  /** Offset of the piece in the file, and of what is next in the piece. */
  #start = 0;
  #at = 0;

  constructor(private readonly read: ReadBytes) {}

  async u32(): Promise<number> {
    return (await this.take(4)).readUInt32LE();
  }

  /** A count of 64 bits, or `value`, which must be `most` at most. */
  async count(most: number, what: string, value?: number): Promise<number> {
    const count = value ?? Number((await this.take(8)).readBigUInt64LE());
    if (count <= most) return count;
    throw new UnreadableGguf(`it is a GGUF that says to have ${count} ${what}`, 'the file is damaged; fetch it again');
  }

  async text(most: number): Promise<string> {
    return (await this.take(await this.count(most, 'bytes in one text'))).toString('utf8');
  }

  async take(length: number): Promise<Buffer> {
    if (this.#at + length > this.#piece.length) await this.#refill(length);
    const bytes = this.#piece.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  skip(length: number): void {
    this.#at += length;
  }

  /** Vocabularies are lists of texts; waiting once a piece and not once a text makes them pass in milliseconds. */
  async skipTexts(count: number): Promise<void> {
    for (let left = count; left > 0; left -= 1) {
      if (this.#at + 8 > this.#piece.length) await this.#refill(8);
      const length = this.#piece.readUInt32LE(this.#at) + this.#piece.readUInt32LE(this.#at + 4) * 2 ** 32;
      this.#at += 8 + length;
    }
  }

  async #refill(length: number): Promise<void> {
    const start = this.#start + this.#at;
    if (start + length > mostBytes)
      throw new UnreadableGguf(
        `it is a GGUF whose header does not end within ${mostBytes / 2 ** 20} MiB`,
        'the file is damaged; fetch it again',
      );
    const usual = start === 0 ? firstBytes : laterBytes;
    this.#piece = await this.read(start, start + Math.max(length, usual));
    this.#start = start;
    this.#at = 0;
    if (this.#piece.length >= length) return;
    const end = start + this.#piece.length;
    throw new UnreadableGguf(
      `it is a GGUF that is cut short: it ends after ${end} bytes, within its header`,
      'fetch the file again',
    );
  }
}
