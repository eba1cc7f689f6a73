/** One day of the calendar: its runs, and the moments of the schedule that have none. */
import { ActionIcon, Group, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import * as api from "@/api/calls";
import { ofDag, useLive } from "@/api/live";
import type { DayAnswer } from "@/api/types";
import { toInput } from "@/lib/time";
import { At, Took } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";
import { StateBadge } from "@/parts/State";
import classes from "./Calendar.module.css";

export function CalendarDay({ dagId, day, onClose }: { dagId: string; day: string; onClose: () => void }) {
  const query = useLive({
    queryKey: ["calendar-day", dagId, day],
    queryFn: ({ signal }) => api.calendarDay(dagId, day, { signal }),
    heeds: ofDag(dagId),
    every: 15_000,
  });
  return (
    <Paper withBorder p="sm" mt="md" maw={900} component="section" aria-label={day} className={classes.chosen} tabIndex={0}>
      <Group justify="space-between">
        <Title order={2}>{day}</Title>
        <ActionIcon onClick={onClose} aria-label="Close the day">
          <IconX size={16} />
        </ActionIcon>
      </Group>
      <Loaded query={query}>{(data) => <Told dagId={dagId} data={data} />}</Loaded>
    </Paper>
  );
}

function Told({ dagId, data }: { dagId: string; data: DayAnswer }) {
  if (!data.runs.length && !data.missed.length && !data.planned.length) return <Text size="sm">No run stands for this day.</Text>;
  return (
    <Stack gap={6}>
      {data.runs.length ? (
        <Table aria-label={`Runs of ${data.day}`} className={classes.runs}>
          <Table.Tbody>
            {data.runs.map((run) => (
              <Table.Tr key={run.run_id}>
                <Table.Td>
                  <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId: run.run_id }}>
                    {run.run_id}
                  </Link>
                </Table.Td>
                <Table.Td>
                  <StateBadge state={run.state} />
                </Table.Td>
                <Table.Td>
                  <At at={run.start_date} />
                </Table.Td>
                <Table.Td>
                  <Took begin={run.start_date} end={run.end_date} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ) : null}
      <Moments words="Missed" moments={data.missed} />
      {data.missed.length ? (
        <Text size="sm">
          <Link
            to="/dags/$dagId/backfills"
            params={{ dagId }}
            search={{ from: toInput(data.missed[0] ?? ""), to: toInput(data.missed.at(-1) ?? "") }}
          >
            Make up for them by a backfill
          </Link>
        </Text>
      ) : null}
      <Moments words="To come" moments={data.planned} />
    </Stack>
  );
}

const SHOWN = 48;

function Moments({ words, moments }: { words: string; moments: string[] }) {
  if (!moments.length) return null;
  return (
    <Text size="sm" component="div">
      {words}:{" "}
      {moments.slice(0, SHOWN).map((at, place) => (
        <span key={at}>
          {place ? ", " : ""}
          <At at={at} />
        </span>
      ))}
      {moments.length > SHOWN ? ` and ${moments.length - SHOWN} more` : ""}
    </Text>
  );
}
