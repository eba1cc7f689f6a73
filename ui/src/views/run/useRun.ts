import * as api from "@/api/calls";
import { ofRun, useLive } from "@/api/live";
import type { RunAnswer } from "@/api/types";

const OPEN_MS = 2500;
const OVER_MS = 15_000;

/** A run with its tasks; asked for more often while it goes on. */
export function useRun(dagId: string, runId: string) {
  return useLive<RunAnswer>({
    queryKey: ["run", dagId, runId],
    queryFn: ({ signal }) => api.run(dagId, runId, { signal }),
    heeds: ofRun(dagId, runId),
    every: OPEN_MS,
    keep: false,
  });
}
export { OPEN_MS, OVER_MS };
