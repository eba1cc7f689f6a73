/** What a server did in the last minute, from the sums that it tells each time it is asked. */
export interface Sums {
  count: number;
  sum: number;
}

export interface Figures {
  counts: Record<string, number>;
  [name: string]: Sums | Record<string, number>;
}

export interface Told {
  at: number;
  figures: Figures;
}

const SPAN_MS = 60_000;

/** HISTORY with what is told NOW; what is older than a minute leaves, but for the newest of it. */
export function remembered(history: readonly Told[], now: Told): Told[] {
  const last = history.at(-1);
  // A server that has begun anew counts from zero.
  const same = last === undefined || Object.entries(last.figures.counts).every(([name, count]) => (now.figures.counts[name] ?? 0) >= count);
  const kept = same ? [...history, now] : [now];
  const first = kept.findLastIndex((one) => one.at <= now.at - SPAN_MS);
  return kept.slice(Math.max(0, first));
}

export interface Measured {
  /** Seconds that one took on average, in the last minute; null: there was none. */
  lately: number | null;
  /** The same since the server began. */
  ever: number | null;
  /** How many a second, in the last minute; null: not known yet. */
  rate: number | null;
}

export function measured(history: readonly Told[], name: string): Measured {
  const [first, last] = [history[0], history.at(-1)];
  const now = last?.figures[name] as Sums | undefined;
  if (!first || !last || !now) return { lately: null, ever: null, rate: null };
  const before = (first.figures[name] as Sums | undefined) ?? { count: 0, sum: 0 };
  const count = now.count - before.count;
  return {
    lately: count > 0 ? (now.sum - before.sum) / count : null,
    ever: now.count > 0 ? now.sum / now.count : null,
    rate: rate(first, last, count),
  };
}

/** How many of NAME there were a second. */
export function counted(history: readonly Told[], name: string): number | null {
  const [first, last] = [history[0], history.at(-1)];
  if (!first || !last) return null;
  return rate(first, last, (last.figures.counts[name] ?? 0) - (first.figures.counts[name] ?? 0));
}

const rate = (first: Told, last: Told, count: number): number | null => (last.at > first.at ? count / ((last.at - first.at) / 1000) : null);
