/** What tasks ask people, of all DAGs, the oldest first. */
import { Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import { Ago } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { Form } from "../task/Asked";

export default function Questions() {
  const query = useLive({
    queryKey: ["questions"],
    queryFn: ({ signal }) => api.questions({ signal }),
    heeds: ofKinds("hitl.", "task."),
  });
  return (
    <Page title="Questions">
      <Loaded query={query}>
        {(data) =>
          data.hitl_details.length ? (
            <Stack p="md" gap="md" maw={720}>
              {data.hitl_details.map((question) => {
                const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: map } = question.task_instance;
                return (
                  <div key={`${dagId} ${runId} ${taskId} ${map}`}>
                    <Text size="xs" mb={4}>
                      <Link
                        to="/dags/$dagId/runs/$runId/tasks/$taskId"
                        params={{ dagId, runId, taskId }}
                        search={{ map: map < 0 ? undefined : map }}
                      >
                        {dagId} · {taskId}
                      </Link>{" "}
                      · asked <Ago at={question.created_at} />
                    </Text>
                    <Form at={{ dagId, runId, taskId, mapIndex: map }} question={question} />
                  </div>
                );
              })}
            </Stack>
          ) : (
            <Empty title="Nothing is asked">Tasks of Airflow&apos;s human-in-the-loop operators ask here.</Empty>
          )
        }
      </Loaded>
    </Page>
  );
}
