/** Which of a task's starts is looked at: the newest, unless the address names another. */
import { NativeSelect } from "@mantine/core";
import type { TaskAnswer } from "@/api/types";

export function startOf(task: TaskAnswer, start: string | undefined): string {
  const known = task.launches.some((launch) => launch.launch_id === start);
  return known && start ? start : (task.launches.at(-1)?.launch_id ?? "");
}

export function StartSelect({ task, value, onChange }: { task: TaskAnswer; value: string; onChange: (start: string) => void }) {
  if (task.launches.length < 2) return null;
  return (
    <NativeSelect
      aria-label="Start"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      data={task.launches.map((launch) => ({
        value: launch.launch_id,
        label: `try ${launch.try_number}, start ${launch.ordinal}: ${launch.job_name || launch.launch_id.slice(0, 8)}`,
      }))}
    />
  );
}
