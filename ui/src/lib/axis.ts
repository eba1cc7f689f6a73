/** Round ticks for an axis of time. */

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

/** Seconds between ticks so that SPAN seconds have at most MOST of them. */
export function stepFor(span: number, most: number): number {
  return STEPS.find((step) => span / step <= most) ?? Math.ceil(span / most / 604800) * 604800;
}

/** Milliseconds of the ticks from FIRST to LAST (milliseconds), on round moments. */
export function ticks(first: number, last: number, most: number): number[] {
  const step = stepFor(Math.max(1, (last - first) / 1000), most) * 1000;
  const out: number[] = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) out.push(at);
  return out;
}
