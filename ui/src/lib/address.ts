/** What a view keeps in its address, read carefully: anybody may have written it. Undefined where there is nothing. */

export function text(value: unknown): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numeral(value: unknown): number | undefined {
  const found = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

export function flag(value: unknown): true | undefined {
  return value === true || value === "true" || value === 1 ? true : undefined;
}

export function oneOf<T extends string>(value: unknown, among: readonly T[]): T | undefined {
  return among.find((one) => one === value);
}

export function words(value: unknown): string[] | undefined {
  const found = (Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : []).filter(
    (one): one is string => typeof one === "string" && one !== "",
  );
  return found.length ? found : undefined;
}

/** A day as 2026-11-23. */
export function day(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

export interface Folds {
  /** How all groups are, where they are not as at first. */
  groups?: "open" | "folded";
  /** Those that are the other way. */
  turned?: string[];
}

/** Which groups of a DAG are open. */
export function folds(search: Record<string, unknown>): Folds {
  return { groups: oneOf(search.groups, ["open", "folded"]), turned: words(search.turned) };
}
