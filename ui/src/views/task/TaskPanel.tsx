/** A task instance beside the grid: its reason, its log, and the way to everything else. */
import { Button, Group, Stack, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Ref } from "@/parts/Effects";
import { Took } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";
import { StateBadge } from "@/parts/State";
import { Asked } from "./Asked";
import { LogView } from "./LogView";
import { Reason } from "./Reason";
import { TaskActions } from "./TaskActions";
import { useTask } from "./useTask";

export function TaskPanel(at: Ref) {
  const query = useTask(at);
  const { dagId, runId, taskId, mapIndex } = at;
  return (
    <Loaded query={query}>
      {(task) => (
        <Stack gap="xs" p="md" pr="sm" h="100%">
          <div style={{ paddingRight: 34 }}>
            <Title order={2} style={{ overflowWrap: "anywhere" }}>
              {taskId}
              {mapIndex >= 0 ? `[${task.rendered_map_index ?? mapIndex}]` : ""}
            </Title>
            <Group gap="xs" mt={4}>
              <StateBadge state={task.state} />
              <Took begin={task.start_date} end={task.end_date} />
              {task.try_number > 1 ? <span className="faint">try {task.try_number}</span> : null}
            </Group>
          </div>
          <Group gap="xs">
            <Link
              to="/dags/$dagId/runs/$runId/tasks/$taskId"
              params={{ dagId, runId, taskId }}
              search={{ map: mapIndex < 0 ? undefined : mapIndex }}
              className="plain-link"
            >
              <Button component="span" variant="default">
                Open
              </Button>
            </Link>
            <TaskActions at={at} state={task.state} />
          </Group>
          <Reason task={task} at={at} />
          {task.state === "awaiting_input" ? <Asked at={at} /> : null}
          {task.try_number > 0 ? <LogView at={at} key={`${runId} ${taskId} ${mapIndex}`} small /> : null}
        </Stack>
      )}
    </Loaded>
  );
}
