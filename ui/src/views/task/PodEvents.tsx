/** What Kubernetes says of the Job of a launch and of its pods, or has said. */
import { Alert, Stack, Table, Text } from "@mantine/core";
import * as api from "@/api/calls";
import { useLive, type Happened } from "@/api/live";
import type { KubeEvent, TaskAnswer } from "@/api/types";
import { mayHaveMore, saidOf } from "@/lib/podEvents";
import { Ago } from "@/parts/Moment";
import { Empty, Loaded } from "@/parts/Says";
import { StateMark } from "@/parts/State";
import classes from "./TaskPage.module.css";

interface Props {
  task: TaskAnswer;
  launchId: string;
}

export function PodEvents({ task, launchId }: Props) {
  const launch = task.launches.find((one) => one.launch_id === launchId);
  const query = useLive({
    queryKey: ["kube-events", launchId],
    queryFn: ({ signal }) => api.kubeEvents(launchId, { signal }),
    heeds: (event: Happened) => event.run_id === task.dag_run_id && event.task_id === task.task_id,
    every: mayHaveMore(launch?.state) ? 5000 : false,
    enabled: launchId !== "",
  });
  if (!launchId) return <Empty title="It was not started yet" />;
  return (
    <Loaded query={query}>
      {(data) => {
        const said = saidOf(data);
        return (
          <Stack gap="xs">
            {said ? (
              <Alert color="gray" variant="light" p="xs">
                <Text size="sm">{said}</Text>
              </Alert>
            ) : null}
            {data.events.length ? <List events={data.events} /> : null}
            {said || data.events.length ? null : (
              <Empty title="Kubernetes has no events of it any more">
                It keeps them for an hour. Warnings, and all events of an attempt that did not end well, are kept with it.
              </Empty>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function List({ events }: { events: KubeEvent[] }) {
  return (
    <Table aria-label="Events of Kubernetes" className={classes.wideTable}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>
            <span className="visually-hidden">Type</span>
          </Table.Th>
          <Table.Th>Reason</Table.Th>
          <Table.Th>First seen</Table.Th>
          <Table.Th>Last seen</Table.Th>
          <Table.Th>Count</Table.Th>
          <Table.Th>Message</Table.Th>
          <Table.Th>Object</Table.Th>
          <Table.Th>From</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {events.map((one, at) => (
          <Table.Tr key={at}>
            <Table.Td>
              <StateMark state={one.kind === "Warning" ? "up_for_retry" : "success"} label={one.kind} />
            </Table.Td>
            <Table.Td>{one.reason}</Table.Td>
            <Table.Td>
              <Ago at={one.first_at} />
            </Table.Td>
            <Table.Td>
              <Ago at={one.last_at} />
            </Table.Td>
            <Table.Td className="number">{one.count}</Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere", minWidth: 260 }}>{one.message}</Table.Td>
            <Table.Td className="mono">{one.about}</Table.Td>
            <Table.Td>{one.source}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
