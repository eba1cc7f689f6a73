/** Why a task stands as it does: what ended it, or what it waits for. */
import { Alert, Text } from "@mantine/core";
import type { TaskAnswer } from "@/api/types";
import { isOver } from "@/lib/states";
import type { Ref } from "@/parts/Effects";
import { reasonOf } from "../run/TaskTable";
import { useWaits } from "./useTask";

export function Reason({ task, at }: { task: TaskAnswer; at: Ref }) {
  const waiting = !isOver(task.state) && task.state !== "running";
  const waits = useWaits(at, waiting).data?.waits_for;
  const last = task.attempts.at(-1);
  const ended = reasonOf(task.reason ?? last?.reason ?? null, task.message ?? last?.message ?? null, last?.exit_code ?? null, task.state ?? "none");
  const words = task.state === "awaiting_input" ? "It waits for the answer below." : waiting ? (waits ?? task.message) : ended;
  if (!words) return null;
  const bad = task.state === "failed" || task.state === "upstream_failed";
  return (
    <Alert color={bad ? "red" : "gray"} variant="light" p="xs" title={waiting ? "Why it does not run yet" : "Why"}>
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {words}
      </Text>
      {waiting && ended && task.state === "up_for_retry" ? (
        <Text size="xs" mt={4}>
          The last attempt: {ended}
        </Text>
      ) : null}
    </Alert>
  );
}
