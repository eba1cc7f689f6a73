/** What is said beside the events of Kubernetes of a start: where they come from. */

interface Told {
  events: readonly unknown[];
  /** Why the API server has told none. */
  reason: string | null;
  /** Whether those are told that were kept with the attempt, and no others. */
  kept: boolean;
}

const KEPT = "These were kept with the attempt";

/** A sentence about the events, or null where there is nothing to say. */
export function saidOf({ events, reason, kept }: Told): string | null {
  if (kept && events.length) return reason ? `${sentence(reason)} ${KEPT}.` : `${KEPT}: Kubernetes has none of it any more.`;
  return reason ? sentence(reason) : null;
}

/** Whether Kubernetes may still have something to add to what a start of that state is told of. */
export const mayHaveMore = (state: string | undefined): boolean => state !== "cleaned";

function sentence(words: string): string {
  return `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}${words.endsWith(".") ? "" : "."}`;
}
