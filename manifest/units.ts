const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of `8GiB`, `1.5 GB` or a plain count; undefined when the text is no size. `8G` is none: Docker and SI disagree on it. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)?$/.exec(text.trim());
  if (match === null) return undefined;
  const bytes = Math.floor(Number(match[1]) * (byteUnits[match[2] ?? 'B'] ?? 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes for a person, in the decimal units that Ollama prints: `98 MB`, `1.5 GB`. */
export function formatBytes(bytes: number): string {
  const unit = bytes < 1e3 ? 'B' : bytes < 1e6 ? 'KB' : bytes < 1e9 ? 'MB' : bytes < 1e12 ? 'GB' : 'TB';
  const value = bytes / (byteUnits[unit] ?? 1);
  return `${unit === 'B' || value >= 10 ? Math.round(value) : Number(value.toFixed(1))} ${unit}`;
}

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
};

/**
 * Milliseconds of a duration as `OLLAMA_KEEP_ALIVE` takes it: Go's `1h30m`, or whole seconds; negative means for ever.
 * Undefined when Ollama would fall back to its default (envconfig/config.go).
 */
export function parseDuration(text: string): number | undefined {
  if (/^[-+]?\d+$/.test(text)) return Number(text) * 1000;
  const match = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return undefined;
  const parts = (match[2] ?? '').matchAll(/([\d.]+)([a-zµ]+)/g);
  const sum = [...parts].reduce(
    (total, [, value, unit]) => total + Number(value) * (durationUnits[unit ?? ''] ?? 0),
    0,
  );
  return match[1] === '-' ? -sum : sum;
}

/** Milliseconds for a person: `850 ms`, `3.2 s`, `6m 20s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}
