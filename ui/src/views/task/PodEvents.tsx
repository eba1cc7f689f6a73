/** What Kubernetes says of the Job of a launch and of its pods. */
import { Alert, Table, Text } from "@mantine/core";
import * as api from "@/api/calls";
import { useLive, type Happened } from "@/api/live";
import type { KubeEvent, TaskAnswer } from "@/api/types";
import { Ago } from "@/parts/Moment";
import { Empty, Loaded } from "@/parts/Says";
import { StateMark } from "@/parts/State";
import classes from "./TaskPage.module.css";

interface Props {
  task: TaskAnswer;
  launchId: string;
}

export function PodEvents({ task, launchId }: Props) {
  const query = useLive({
    queryKey: ["kube-events", launchId],
    queryFn: ({ signal }) => api.kubeEvents(launchId, { signal }),
    heeds: (event: Happened) => event.run_id === task.dag_run_id && event.task_id === task.task_id,
    every: 5000,
    enabled: launchId !== "",
  });
  if (!launchId) return <Empty title="It was not started yet" />;
  return (
    <Loaded query={query}>
      {(data) =>
        data.reason ? (
          <Alert color="gray" variant="light" p="xs">
            <Text size="sm">{data.reason[0]?.toUpperCase() + data.reason.slice(1)}.</Text>
          </Alert>
        ) : data.events.length ? (
          <List events={data.events} />
        ) : (
          <Empty title="Kubernetes has no events of it any more">It keeps them for an hour.</Empty>
        )
      }
    </Loaded>
  );
}

function List({ events }: { events: KubeEvent[] }) {
  return (
    <Table aria-label="Events of Kubernetes" className={classes.wideTable}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>
            <span className="visually-hidden">Kind</span>
          </Table.Th>
          <Table.Th>Last</Table.Th>
          <Table.Th>Times</Table.Th>
          <Table.Th>Reason</Table.Th>
          <Table.Th>What</Table.Th>
          <Table.Th>About</Table.Th>
          <Table.Th>Says</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {events.map((one, at) => (
          <Table.Tr key={at}>
            <Table.Td>
              <StateMark state={one.kind === "Warning" ? "up_for_retry" : "success"} label={one.kind} />
            </Table.Td>
            <Table.Td>
              <Ago at={one.last_at} />
            </Table.Td>
            <Table.Td className="number">{one.count}</Table.Td>
            <Table.Td>{one.reason}</Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere", minWidth: 260 }}>{one.message}</Table.Td>
            <Table.Td className="mono">{one.about}</Table.Td>
            <Table.Td>{one.source}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
