/** What an event tells besides where it happened, in words. */

/** Keys of the database's own, which say nothing to people. */
const INNER = new Set(["id", "ti", "launch_id", "run", "version_id", "reading_id"]);

const said = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
const isEmpty = (value: unknown): boolean => value === null || value === undefined || value === "";

/** "running → success: marked, exit code: 1"; WHOLE: with the keys of the database. */
export function eventWords(extra: Record<string, unknown>, whole = false): string {
  const { from, to, reason, ...others } = extra;
  const first = isEmpty(to) ? "" : isEmpty(from) ? said(to) : `${said(from)} → ${said(to)}`;
  const why = isEmpty(reason) || reason === to ? "" : said(reason);
  const rest = Object.entries(others)
    .filter(([name, value]) => !isEmpty(value) && (whole || !INNER.has(name)))
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${said(value)}`);
  return [[first, why].filter(Boolean).join(": "), ...rest].filter(Boolean).join(", ");
}

/** Who has done it: a process or pod of a task has no name that says anything. */
export function whoWords(who: string | null): string {
  if (!who) return "";
  if (/^\d+:\d+$/.test(who)) return "its process";
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(who) ? "its pod" : who;
}
