/** Curves of what an attempt used, from the samples of its launches. */

export interface UsageSeries {
  launch_id: string;
  source: string;
  /** Seconds since 1970. */
  at: number[];
  /** All CPU seconds up to then. */
  cpu_seconds: number[];
  memory_bytes: number[];
}

export interface Curves {
  at: number[];
  /** CPUs in use since the point before; null at the begin of a launch. */
  cpus: (number | null)[];
  memory: (number | null)[];
}

/** The samples of all launches of an attempt one after the other, with a gap between two launches. */
export function curves(series: UsageSeries[]): Curves {
  const found: Curves = { at: [], cpus: [], memory: [] };
  const ordered = [...series].sort((one, other) => (one.at[0] ?? 0) - (other.at[0] ?? 0));
  for (const launch of ordered) {
    const last = found.at.at(-1);
    const first = launch.at[0];
    if (last !== undefined && first !== undefined && first > last) {
      found.at.push((last + first) / 2);
      found.cpus.push(null);
      found.memory.push(null);
    }
    launch.at.forEach((at, place) => {
      if (found.at.length && at <= (found.at.at(-1) ?? 0)) return; // two launches never run at once; clocks may differ
      const before = launch.at[place - 1];
      const used = (launch.cpu_seconds[place] ?? 0) - (launch.cpu_seconds[place - 1] ?? 0);
      found.at.push(at);
      found.cpus.push(before === undefined || at <= before ? null : Math.max(0, used / (at - before)));
      found.memory.push(launch.memory_bytes[place] ?? null);
    });
  }
  return found;
}

/** The top of an axis on which LINES are seen too, unless they are so far above VALUES that these could not be read. */
export function ceiling(values: (number | null)[], lines: (number | null)[]): number {
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const seen = lines.filter((line): line is number => line !== null && (most === 0 || line <= most * 4));
  return Math.max(most, ...seen, 0) * 1.08 || 1;
}

/** 0.25 CPU, 2 CPUs */
export function cpus(amount: number | null | undefined): string {
  if (amount === null || amount === undefined) return "";
  const text = String(Number(amount >= 10 ? amount.toFixed(0) : amount.toPrecision(2)));
  return `${text} ${amount <= 1 ? "CPU" : "CPUs"}`;
}
