/** The processes of HAProxy, by the answer of its master to `show proc` (management manual, section 9.4.1). */
export interface Processes {
  /** How often it was told to read its files again. */
  readonly reloads: number;
  /** How often in a row it refused them; 0 after a success. */
  readonly failed: number;
  /** Pid of the process that takes new connections. */
  readonly current?: number;
  /** Pids of those that end what they began. */
  readonly old: readonly number[];
}

/** Undefined for an answer that is none. */
export function parseProcesses(text: string): Processes | undefined {
  const [workers = '', old = ''] = text.split(/^# old workers$/m);
  const master = /^\d+\s+master\s+(\d+)(?:\s+\[failed: (\d+)\])?/m.exec(text);
  if (master === null) return undefined;
  const [current] = pids(workers);
  return {
    reloads: Number(master[1]),
    failed: Number(master[2] ?? 0),
    ...(current !== undefined && { current }),
    old: pids(old),
  };
}

const pids = (text: string): number[] => [...text.matchAll(/^(\d+)\s+worker\b/gm)].map(([, pid]) => Number(pid));

/** A server, or the whole of a backend or frontend (`BACKEND`, `FRONTEND`), as one process of HAProxy sees it. */
export interface ServerState {
  readonly pid: number;
  /** Whether the process is of before a reload. */
  readonly old: boolean;
  /** Backend or frontend. */
  readonly pool: string;
  readonly server: string;
  /** HAProxy's own word: `UP`, `DOWN`, `UP 1/3`, `MAINT`, `no check`, `OPEN`. */
  readonly status: string;
  /** Requests that are answered now. */
  readonly sessions: number;
  /** Requests that wait for it. */
  readonly queued: number;
  /** What the last check found, such as `L4CON`; empty without one. */
  readonly check: string;
}

/** Reads the CSV of `show stat` (management manual, section 9.1). */
export function parseServerStates(csv: string, pid: number, old: boolean): ServerState[] {
  const [head = '', ...lines] = csv.split('\n').filter((line) => line !== '');
  const names = head.replace(/^# /, '').split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const cell = (name: string): string => cells[names.indexOf(name)] ?? '';
    return {
      pid,
      old,
      pool: cell('pxname'),
      server: cell('svname'),
      status: cell('status'),
      sessions: Number(cell('scur')),
      queued: Number(cell('qcur')),
      check: cell('check_status'),
    };
  });
}
