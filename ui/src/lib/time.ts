/** Moments and durations in words. The page shows moments by the zone that the reader chose: UTC or the browser's. */

const KEY = "goflow.zone";
export type Zone = "UTC" | "local";

export function zone(): Zone {
  try {
    return localStorage.getItem(KEY) === "local" ? "local" : "UTC";
  } catch {
    return "UTC";
  }
}

export function setZone(chosen: Zone): void {
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that keeps nothing shows UTC.
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();
function format(zoneName: Zone, options: Intl.DateTimeFormatOptions, name: string): Intl.DateTimeFormat {
  const key = `${zoneName} ${name}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: zoneName === "UTC" ? "UTC" : undefined });
    formats.set(key, found);
  }
  return found;
}

const FULL: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
};
const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit" };

/** 2026-11-29 11:40:25 */
export function fullMoment(value: string | number | Date | null | undefined, shown: Zone = zone()): string {
  return value === null || value === undefined ? "" : format(shown, FULL, "full").format(new Date(value));
}

/** 11-29 11:40 */
export function shortMoment(value: string | number | Date | null | undefined, shown: Zone = zone()): string {
  return fullMoment(value, shown).slice(5, 16);
}

/** 11:40:25 */
export function clock(value: string | number | Date, shown: Zone = zone()): string {
  return format(shown, CLOCK, "clock").format(new Date(value));
}

/** 0.4 s, 12 s, 3 min 5 s, 2 h 10 min, 4 d 3 h */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "";
  const whole = Math.abs(seconds);
  if (whole < 10) return `${whole.toFixed(1)} s`;
  if (whole < 60) return `${Math.round(whole)} s`;
  const total = Math.round(whole);
  if (total < 3600) return joined(Math.floor(total / 60), "min", total % 60, "s");
  if (total < 86400) return joined(Math.floor(total / 3600), "h", Math.floor((total % 3600) / 60), "min");
  return joined(Math.floor(total / 86400), "d", Math.floor((total % 86400) / 3600), "h");
}

function joined(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small ? `${big} ${bigUnit} ${small} ${smallUnit}` : `${big} ${bigUnit}`;
}

/** 0.3 ms, 12 ms, 1.4 s: what is short */
export function brief(seconds: number): string {
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : duration(seconds);
}

/** in 3 min, 2 h 10 min ago, now */
export function relative(value: string | null | undefined, now: number = Date.now()): string {
  if (!value) return "";
  const seconds = (new Date(value).getTime() - now) / 1000;
  if (Math.abs(seconds) < 5) return "now";
  const words = duration(Math.abs(seconds) < 60 ? Math.round(seconds) : seconds).replace(".0 s", " s");
  return seconds > 0 ? `in ${words}` : `${words} ago`;
}

/** Seconds between two moments; from the first until now without the second; null without the first. */
export function secondsBetween(
  begin: string | null | undefined,
  end: string | null | undefined,
  now: number = Date.now(),
): number | null {
  if (!begin) return null;
  return ((end ? new Date(end).getTime() : now) - new Date(begin).getTime()) / 1000;
}

/** What `<input type="datetime-local">` holds, read by the zone that is shown, as an ISO text; null for none. */
export function fromInput(text: string, shown: Zone = zone()): string | null {
  if (!text) return null;
  const moment = new Date(shown === "UTC" ? `${text}Z` : text);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

/** What such a field shows for a moment, to the minute. */
export function toInput(value: string, shown: Zone = zone()): string {
  return fullMoment(value, shown).slice(0, 16).replace(" ", "T");
}

/** 1.5 GiB */
export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return "";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
