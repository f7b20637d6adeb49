import { lookup } from 'node:dns/promises';

/** Long enough for a slow link, short enough that nobody notices. */
const patienceMs = 2000;

const asked = new Map<string, Promise<boolean>>();

/**
 * Whether something speaks HTTP there; any status counts, because a registry that wants a login is alive. A name that
 * does not resolve is an immediate no. Asked once a run.
 */
export function answers(url: string, milliseconds: number = patienceMs): Promise<boolean> {
  const known = asked.get(url) ?? ask(url, milliseconds);
  asked.set(url, known);
  return known;
}

async function ask(url: string, milliseconds: number): Promise<boolean> {
  const signal = AbortSignal.timeout(milliseconds);
  const { hostname } = new URL(url);
  try {
    // fetch would keep a slow resolver waiting beyond the deadline
    await Promise.race([lookup(hostname), rejected(signal)]);
    const response = await fetch(url, { signal, redirect: 'manual' });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
