import { LoadError } from './load-error.js';
import { dockerShell, type DockerOptions } from './store-docker.js';
import { blobsPath } from './store-inventory.js';

/** A blob whose bytes were read; digests are `sha256:<hex>`. */
export interface HashedBlob {
  /** What its name says. */
  readonly digest: string;
  /** What its bytes say; undefined when they cannot be read. */
  readonly actual?: string;
  readonly bytes: number;
}

/** Bytes that were read, and all there are. */
export type OnHashed = (completed: number, total: number) => void;

export interface Hashing {
  readonly blobs: readonly HashedBlob[];
  /** Downloads that were not finished. */
  readonly partial: { readonly files: number; readonly bytes: number };
}

/**
 * Prints `<bytes> <file>` of each file and an empty line; then `<hex>  <file>` when a file is read, and now and then
 * `~ <bytes>` that were read of files under way. The largest come first and small ones share a process, so that all
 * cores are at work to the end.
 */
const hashing = `
export LC_ALL=C
cd ${blobsPath} 2>/dev/null || { echo; exit 0; }
files=$(find . -maxdepth 1 -type f -name 'sha256-*' -printf '%s %f\\n' | sort -rn)
printf '%s\\n\\n' "$files"
while sleep 0.5 >/dev/null; do
  cat /proc/[0-9]*/fdinfo/3 2>/dev/null | awk '$1 == "pos:" { sum += $2 } END { print "~", sum + 0 }'
done 2>/dev/null &
printf '%s\\n' "$files" | awk '
  $2 !~ /^sha256-[0-9a-f]+$/ || length($2) != 71 { next }
  $1 >= 2^24 { print $2; next }
  { line = line " " $2; sum += $1; count += 1 }
  sum >= 2^24 || count == 64 { print line; line = ""; sum = 0; count = 0 }
  END { if (count > 0) print line }' | xargs -r -L 1 -P "$(nproc)" sha256sum
kill $!
true`;

/** Reads every blob of the store that `container` has mounted, on all cores. Rejects with `LoadError`. */
export async function hashBlobs(container: string, onHashed: OnHashed, options: DockerOptions = {}): Promise<Hashing> {
  const run = dockerShell(options)`docker exec ${container} sh -c ${hashing}`;
  const reader = new HashingReader(onHashed);
  for await (const line of run) reader.line(line);
  options.signal?.throwIfAborted();
  const { exitCode, stderr } = await run;
  if (exitCode === 0 && reader.isListed) return reader.result;
  throw new LoadError(
    `the blobs of the store cannot be read: ${stderr.trim() || `docker exec ended with ${exitCode}`}`,
    '`npm run doctor` says what is wrong with the engine',
  );
}

/** Makes sense of the lines of `hashing`. */
export class HashingReader {
  readonly #sizes = new Map<string, number>();
  readonly #actual = new Map<string, string>();
  readonly #partial = { files: 0, bytes: 0 };
  #total = 0;
  #whole = 0;
  #completed = 0;
  #isListed = false;

  constructor(private readonly onHashed: OnHashed) {}

  /** Whether all files were named. */
  get isListed(): boolean {
    return this.#isListed;
  }

  get result(): Hashing {
    const blobs = [...this.#sizes].map(([digest, bytes]) => {
      const actual = this.#actual.get(digest);
      return { digest, bytes, ...(actual !== undefined && { actual }) };
    });
    return { blobs, partial: this.#partial };
  }

  line(line: string): void {
    if (!this.#isListed) this.#file(line);
    else if (line.startsWith('~ ')) this.#tell(this.#whole + Number(line.slice(2)));
    else this.#hash(line);
  }

  #file(line: string): void {
    const [, size, name = ''] = /^(\d+) (.+)$/.exec(line) ?? [];
    const bytes = Number(size);
    const digest = digestOf(name);
    if (line === '') this.#isListed = true;
    else if (digest !== undefined) {
      this.#sizes.set(digest, bytes);
      this.#total += bytes;
    } else if (name.endsWith('-partial')) {
      this.#partial.files += 1;
      this.#partial.bytes += bytes;
    }
  }

  #hash(line: string): void {
    const [, hex, name = ''] = /^\\?([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    const digest = digestOf(name);
    if (digest === undefined || hex === undefined) return;
    this.#actual.set(digest, `sha256:${hex}`);
    this.#whole += this.#sizes.get(digest) ?? 0;
    this.#tell(this.#whole);
  }

  /** Never less than before: a file may be counted under way when it has just ended. */
  #tell(completed: number): void {
    this.#completed = Math.max(this.#completed, Math.min(completed, this.#total));
    this.onHashed(this.#completed, this.#total);
  }
}

function digestOf(file: string): string | undefined {
  return /^sha256-[0-9a-f]{64}$/.test(file) ? file.replace('-', ':') : undefined;
}
