/** The states of runs and tasks: their letters in the grid's texts, their words, and what stands for many. */

export interface StateLook {
  name: string;
  label: string;
  /** Of CSS: see states.css. */
  color: string;
  /** Tells it without colour. */
  glyph: string;
}

const LOOKS: [string, string, string, string][] = [
  ["S", "success", "success", "✓"],
  ["F", "failed", "failed", "✕"],
  ["r", "running", "running", "▶"],
  ["q", "queued", "queued", "⋯"],
  ["s", "scheduled", "scheduled", "◷"],
  ["k", "skipped", "skipped", "↷"],
  ["U", "upstream_failed", "upstream failed", "⇡"],
  ["y", "up_for_retry", "up for retry", "↻"],
  ["e", "up_for_reschedule", "up for reschedule", "⟳"],
  ["d", "deferred", "deferred", "⏸"],
  ["a", "awaiting_input", "awaiting input", "?"],
  ["t", "restarting", "restarting", "↺"],
  ["x", "removed", "removed", "–"],
  [".", "none", "not begun", "·"],
];

const byName = new Map<string, StateLook>();
const byLetter = new Map<string, StateLook>();
for (const [letter, name, label, glyph] of LOOKS) {
  const look = { name, label, glyph, color: `var(--state-${name.replaceAll("_", "-")})` };
  byName.set(name, look);
  byLetter.set(letter, look);
}
const NONE = byName.get("none") as StateLook;

export const ABSENT = " ";
export const STATE_NAMES = LOOKS.map(([, name]) => name);
export const RUN_STATES = ["queued", "running", "success", "failed"];

export function lookOf(state: string | null | undefined): StateLook {
  return byName.get(state ?? "none") ?? { ...NONE, name: String(state), label: String(state) };
}

export function lookOfLetter(letter: string): StateLook {
  return byLetter.get(letter) ?? NONE;
}

/** The first of these that any of several tasks is in stands for all of them; the same order as the server's. */
export const WEIGHTS = "FUaytrqsde.Skx";

/** The letter that stands for several; ABSENT for none. */
export function worst(letters: Iterable<string>): string {
  let best = -1;
  for (const letter of letters) {
    const weight = WEIGHTS.indexOf(letter);
    if (weight >= 0 && (best < 0 || weight < best)) best = weight;
    if (best === 0) break;
  }
  return best < 0 ? ABSENT : (WEIGHTS[best] as string);
}

const OVER = new Set(["success", "failed", "skipped", "upstream_failed", "removed"]);
export const isOver = (state: string | null | undefined): boolean => OVER.has(state ?? "none");
