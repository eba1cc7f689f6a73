import * as api from "@/api/calls";
import { useLive, type Happened } from "@/api/live";
import type { Ref } from "@/parts/Effects";

/** One task instance with its attempts, results and rendered fields. */
export function useTask(ref: Ref) {
  return useLive({
    queryKey: ["task", ref.dagId, ref.runId, ref.taskId, ref.mapIndex],
    queryFn: ({ signal }) => api.task(ref, { signal }),
    heeds: (event: Happened) => event.dag_id === ref.dagId && event.run_id === ref.runId && event.task_id === ref.taskId,
    every: 2500,
    keep: false,
  });
}

/** Why it does not run yet, in words. */
export function useWaits(ref: Ref, enabled: boolean) {
  return useLive({
    queryKey: ["waits", ref.dagId, ref.runId, ref.taskId, ref.mapIndex],
    queryFn: ({ signal }) => api.waits(ref, { signal }),
    heeds: (event: Happened) => event.dag_id === ref.dagId,
    every: 4000,
    enabled,
  });
}
