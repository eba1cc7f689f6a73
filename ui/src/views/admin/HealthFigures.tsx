/** What the server has measured of itself: how long things take, and how many there are. */
import { Table, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { counted, measured, remembered, type Figures, type Told } from "@/lib/figures";
import { brief } from "@/lib/time";

const TIMES: [string, string][] = [
  ["scheduler_lag", "Scheduler: from an event to the batch that takes it in"],
  ["scheduler_batch", "Scheduler: one batch"],
  ["task_queue", "Tasks: from being ready to being launched"],
  ["launch_create", "Launches: until the Job or process is there"],
  ["database_read", "Database: a transaction that reads"],
  ["database_write", "Database: a transaction that writes"],
  ["kube_request", "API server of Kubernetes: a request"],
  ["request_rest", "REST and page: a request"],
  ["request_task", "Task API: a request"],
  ["import_scan", "Importer: a look at the DAG folder"],
  ["file_read", "Importer: reading one file"],
];
const COUNTS: [string, string][] = [
  ["decisions", "Decisions of the scheduler"],
  ["events", "Events"],
];

/** The sums of the last minute, one for each answer. */
export function useHistory(figures: Figures | undefined): Told[] {
  const [history, setHistory] = useState<Told[]>([]);
  useEffect(() => {
    if (figures) setHistory((before) => remembered(before, { at: Date.now(), figures }));
  }, [figures]);
  return history;
}

const seconds = (value: number | null): string => (value === null ? "–" : brief(value));
const perSecond = (value: number | null): string =>
  value === null ? "–" : value === 0 ? "0" : value < 0.1 ? `${(value * 60).toPrecision(2)} a minute` : `${value.toPrecision(2)} a second`;

export function HealthFigures({ history }: { history: Told[] }) {
  const figures = history.at(-1)?.figures;
  if (!figures) return null;
  const others = Object.keys(figures).filter((name) => name !== "counts" && !TIMES.some(([known]) => known === name));
  const rows = [...TIMES.filter(([name]) => name in figures), ...others.map((name) => [name, name.replaceAll("_", " ")] as [string, string])];
  return (
    <section>
      <Title order={2} mb={6}>
        How quick it is
      </Title>
      <Table maw={860}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th ta="right">In the last minute</Table.Th>
            <Table.Th ta="right">Since it began</Table.Th>
            <Table.Th ta="right">How many</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(([name, label]) => {
            const found = measured(history, name);
            return (
              <Table.Tr key={name}>
                <Table.Td>{label}</Table.Td>
                <Table.Td ta="right" className="number">
                  {seconds(found.lately)}
                </Table.Td>
                <Table.Td ta="right" className="number">
                  {seconds(found.ever)}
                </Table.Td>
                <Table.Td ta="right" className="number">
                  {perSecond(found.rate)}
                </Table.Td>
              </Table.Tr>
            );
          })}
          {COUNTS.map(([name, label]) => (
            <Table.Tr key={name}>
              <Table.Td>{label}</Table.Td>
              <Table.Td />
              <Table.Td />
              <Table.Td ta="right" className="number">
                {perSecond(counted(history, name))}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" className="faint" mt={4}>
        Averages of this daemon. What Prometheus takes from /metrics has their distribution.
      </Text>
    </section>
  );
}
