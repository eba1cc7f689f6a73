/** A year as weeks of seven days, Monday first. */

export interface Day {
  /** ISO date. */
  date: string;
  week: number;
  weekday: number;
}

export interface MonthMark {
  label: string;
  week: number;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function daysOf(year: number): { days: Day[]; months: MonthMark[]; weeks: number } {
  const days: Day[] = [];
  const months: MonthMark[] = [];
  const first = (new Date(Date.UTC(year, 0, 1)).getUTCDay() + 6) % 7;
  for (let at = new Date(Date.UTC(year, 0, 1)); at.getUTCFullYear() === year; at.setUTCDate(at.getUTCDate() + 1)) {
    const place = first + days.length;
    const week = Math.floor(place / 7);
    if (at.getUTCDate() === 1) months.push({ label: MONTHS[at.getUTCMonth()] as string, week });
    days.push({ date: at.toISOString().slice(0, 10), week, weekday: place % 7 });
  }
  return { days, months, weeks: (days.at(-1)?.week ?? 0) + 1 };
}

/** What a day shows: the worst of what happened on it. */
export function dayKind(counted: Record<string, number> | undefined): string {
  if (!counted) return "empty";
  if (counted.F) return "failed";
  if (counted.m) return "missed";
  if (counted.r || counted.q) return "running";
  if (counted.S) return "success";
  return counted.p ? "planned" : "empty";
}

const WORDS: [string, string][] = [
  ["S", "succeeded"],
  ["F", "failed"],
  ["m", "missed"],
  ["r", "running"],
  ["q", "queued"],
  ["p", "to come"],
];

/** "3 succeeded, 1 missed" */
export function dayWords(counted: Record<string, number> | undefined): string {
  const found = WORDS.filter(([letter]) => counted?.[letter]).map(([letter, word]) => `${counted?.[letter]} ${word}`);
  return found.join(", ") || "no runs";
}
