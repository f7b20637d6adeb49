import { readFile } from 'node:fs/promises';

/** Extensions that decide how inference is compiled. */
export interface CpuFeatures {
  /** What `-march=x86-64-v3` stands for: AVX2, FMA, F16C, BMI2 and what they imply. */
  readonly v3: boolean;
}

/** Reads what this machine's CPU can; the text is `/proc/cpuinfo`, where only x86 has a `flags` line. */
export function cpuFeatures(cpuinfo: string): CpuFeatures {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' '));
  return { v3: ['avx2', 'fma', 'f16c', 'bmi1', 'bmi2', 'movbe', 'abm'].every((flag) => flags.has(flag)) };
}

export async function thisCpu(): Promise<CpuFeatures> {
  return cpuFeatures(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
}
