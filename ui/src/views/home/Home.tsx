/** What failed, what is late, what runs now, what comes next, and whether the server is well. */
import { NativeSelect, Paper, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import type { HomeAnswer, RunColumns } from "@/api/types";
import { Ago, Took } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { StateBadge } from "@/parts/State";
import classes from "./Home.module.css";

const route = getRouteApi("/");
const HOURS = [1, 8, 24, 72, 168];

export default function Home() {
  const { hours = 24 } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useLive({
    queryKey: ["home", hours],
    queryFn: ({ signal }) => api.home(hours, { signal }),
    heeds: ofKinds("run.", "dag.", "import.", "deadline.", "sla.", "hitl."),
  });
  return (
    <Page
      title="Home"
      actions={
        <NativeSelect
          aria-label="How far back"
          value={String(hours)}
          onChange={(event) => void navigate({ search: { hours: Number(event.currentTarget.value) }, replace: true })}
          data={HOURS.map((one) => ({ value: String(one), label: one < 48 ? `last ${one} h` : `last ${one / 24} days` }))}
        />
      }
    >
      <Loaded query={query}>{(data) => <Board data={data} hours={hours} />}</Loaded>
    </Page>
  );
}

function Board({ data, hours }: { data: HomeAnswer; hours: number }) {
  const late = data.late.overdue.length + data.late.deadlines.length + data.late.slas.length;
  const troubles = data.health.filter((part) => part.problem);
  return (
    <Stack p="md" gap="md">
      <div className={classes.numbers}>
        <Figure label={`failed in ${hours} h`} value={data.ended.failed ?? 0} tone={data.ended.failed ? "failed" : ""}>
          <Link to="/dags" search={{ show: "failed" }}>
            DAGs whose last run failed
          </Link>
        </Figure>
        <Figure label="succeeded" value={data.ended.success ?? 0} />
        <Figure label="late" value={late} tone={late ? "up-for-retry" : ""} />
        <Figure label="runs open" value={(data.open.running ?? 0) + (data.open.queued ?? 0)}>
          {data.open.queued ? `${data.open.queued} of them queued` : null}
        </Figure>
        <Figure label="tasks running" value={data.tasks.running ?? 0}>
          {waiting(data) ? `${waiting(data)} wait for a slot` : null}
        </Figure>
        <Figure label="DAGs" value={data.dags.active}>
          {data.dags.paused ? `${data.dags.paused} paused` : null}
        </Figure>
        <Figure label="files with errors" value={data.import_errors} tone={data.import_errors ? "failed" : ""}>
          <Link to="/import" search={{ show: "broken" }}>
            Import
          </Link>
        </Figure>
        <Figure label="questions" value={data.questions} tone={data.questions ? "awaiting-input" : ""}>
          <Link to="/questions">Answer</Link>
        </Figure>
        <Figure
          label={troubles.length ? "server: parts in trouble" : `server: ${data.health.length} parts, all well`}
          value={troubles.length || "✓"}
          tone={troubles.length ? "failed" : "success"}
        >
          <Link to="/health">Health</Link>
        </Figure>
      </div>
      {troubles.length > 0 ? (
        <Paper withBorder p="sm" className={classes.trouble} role="alert">
          <Text fw={600} size="sm">
            The server is not well
          </Text>
          {troubles.map((part) => (
            <Text key={part.part + part.problem} size="sm">
              {part.part}: {part.problem}
            </Text>
          ))}
        </Paper>
      ) : null}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing="md">
        <Card title="Failed" empty="Nothing has failed." count={data.failed.key.length}>
          <RunTable runs={data.failed} ended />
        </Card>
        <Card title="Running now" empty="Nothing is running." count={data.running.key.length}>
          <RunTable runs={data.running} />
        </Card>
        <Card title="Late" empty="Nothing is late." count={late + data.held.length}>
          <LateTable data={data} />
        </Card>
        <Card title="Next" empty="No DAG that is not paused has a schedule." count={data.next.length}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>DAG</Table.Th>
                <Table.Th>Begins</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.next.map((one) => (
                <Table.Tr key={one.dag_id}>
                  <Table.Td>
                    <DagLink dagId={one.dag_id} />
                  </Table.Td>
                  <Table.Td>
                    <Ago at={one.run_after} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Card>
      </SimpleGrid>
    </Stack>
  );
}

const waiting = (data: HomeAnswer) => (data.tasks.scheduled ?? 0) + (data.tasks.queued ?? 0);

function Figure({ label, value, tone = "", children }: { label: string; value: number | string; tone?: string; children?: ReactNode }) {
  return (
    <div className={classes.figure} style={tone ? { borderLeftColor: `var(--state-${tone})` } : undefined}>
      <div className={classes.value}>{typeof value === "number" ? value.toLocaleString("en") : value}</div>
      <div className={classes.label}>{label}</div>
      <div className={classes.more}>{children}</div>
    </div>
  );
}

function Card({ title, count, empty, children }: { title: string; count: number; empty: string; children: ReactNode }) {
  return (
    <Paper withBorder className={classes.card}>
      <Title order={2} className={classes.cardTitle}>
        {title}
        {count ? <span className={classes.count}>{count}</span> : null}
      </Title>
      {count ? (
        <div className={classes.cardBody} tabIndex={0} role="region" aria-label={title}>
          {children}
        </div>
      ) : (
        <Empty title={empty} />
      )}
    </Paper>
  );
}

export function DagLink({ dagId }: { dagId: string }) {
  return (
    <Link to="/dags/$dagId" params={{ dagId }} className="plain-link">
      {dagId}
    </Link>
  );
}

function RunTable({ runs, ended = false }: { runs: RunColumns; ended?: boolean }) {
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>DAG</Table.Th>
          <Table.Th>Run</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th>{ended ? "Ended" : "For"}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {runs.key.map((key, index) => {
          const dagId = runs.dag_id[index] as string;
          const runId = runs.run_id[index] as string;
          return (
            <Table.Tr key={key}>
              <Table.Td>
                <DagLink dagId={dagId} />
              </Table.Td>
              <Table.Td className={classes.runId}>
                <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId }}>
                  {runId}
                </Link>
              </Table.Td>
              <Table.Td>
                <StateBadge state={runs.state[index]} />
              </Table.Td>
              <Table.Td>
                {ended ? (
                  <Ago at={runs.end_date[index]} />
                ) : (
                  <Took begin={runs.start_date[index] ?? runs.queued_at[index]} end={runs.end_date[index]} />
                )}
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function LateTable({ data }: { data: HomeAnswer }) {
  const rows: { key: string; dagId: string; what: ReactNode; since: string | null }[] = [
    ...data.held.map((one) => ({ key: `h${one.dag_id}`, dagId: one.dag_id, what: `held: ${one.reason}`, since: null })),
    ...data.late.overdue.map((one) => ({
      key: `o${one.dag_id}`,
      dagId: one.dag_id,
      what: "should have begun and has not",
      since: one.since,
    })),
    ...data.late.deadlines.map((one) => ({
      key: `d${one.dag_id}${one.run_id}${one.deadline_time}`,
      dagId: one.dag_id,
      what: (
        <>
          missed its deadline{" "}
          <Link to="/dags/$dagId/runs/$runId" params={{ dagId: one.dag_id, runId: one.run_id }}>
            {one.name ?? one.run_id}
          </Link>
        </>
      ),
      since: one.deadline_time,
    })),
    ...data.late.slas.map((one) => ({
      key: `s${one.dag_id}${one.task_id}${one.logical_date}`,
      dagId: one.dag_id,
      what: `task ${one.task_id} missed its SLA`,
      since: one.missed_at,
    })),
  ];
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>DAG</Table.Th>
          <Table.Th>What</Table.Th>
          <Table.Th>Since</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.key}>
            <Table.Td>
              <DagLink dagId={row.dagId} />
            </Table.Td>
            <Table.Td>{row.what}</Table.Td>
            <Table.Td>{row.since ? <Ago at={row.since} /> : ""}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
