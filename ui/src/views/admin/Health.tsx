/** The server itself: its parts, what waits, its process, its daemons and leases. */
import { SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import * as api from "@/api/calls";
import { useLive } from "@/api/live";
import type { HealthAnswer } from "@/api/types";
import { brief, bytes, duration } from "@/lib/time";
import { Facts, Value } from "@/parts/Facts";
import { At } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Loaded } from "@/parts/Says";
import { Counts, StateBadge } from "@/parts/State";
import { HealthFigures, useHistory } from "./HealthFigures";

export default function Health() {
  const query = useLive({ queryKey: ["health"], queryFn: ({ signal }) => api.health({ signal }), every: 3000 });
  return (
    <Page title="Health">
      <Loaded query={query}>{(data) => <All data={data} />}</Loaded>
    </Page>
  );
}

function text(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.join(", ") : "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const some = (counts: Record<string, number>) => (Object.values(counts).some(Boolean) ? <Counts counts={counts} /> : "none");

interface Members {
  sure: boolean;
  daemons: { id: string; name: string; version: string; since: string }[];
  leases: { name: string; holder_name: string; epoch: number; age_s: number; expired: boolean }[];
}

function All({ data }: { data: HealthAnswer }) {
  const { status, process } = data;
  const history = useHistory(data.figures);
  const members = status.members as Members | null | undefined;
  const part = (name: string): [string, string][] =>
    Object.entries((status[name] as Record<string, unknown> | undefined) ?? {}).map(([key, value]) => [
      key.replace(/_(seconds|s)$/, "").replaceAll("_", " "),
      /_(seconds|s)$/.test(key) && typeof value === "number" ? brief(value) : text(value),
    ]);
  return (
    <Stack p="md" gap="lg">
      <section>
        <Title order={2} mb={6}>
          Parts
        </Title>
        <Table maw={760}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Part</Table.Th>
              <Table.Th>How it is</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.parts.map((one) => (
              <Table.Tr key={one.part + one.problem}>
                <Table.Td>{one.part}</Table.Td>
                <Table.Td>
                  {one.problem ? <StateBadge state="failed" label="troubled" /> : <StateBadge state="success" label="well" />}{" "}
                  <Text size="sm" component="span">
                    {one.problem}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
      <HealthFigures history={history} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <section>
          <Title order={2} mb={6}>
            Process
          </Title>
          <Facts
            facts={[
              ...Object.entries(data.versions),
              ["Since", <At at={process.started} />],
              ["Memory", bytes(process.rss_bytes)],
              ["CPU time", duration(process.cpu_seconds)],
              ["Threads", process.threads],
              ["Process id", process.pid],
              ["Backend", text(status.backend)],
              ["Database", text(status.database)],
              ["DAG folder", <span className="mono">{text(status.dags_folder)}</span>],
            ]}
          />
        </section>
        <section>
          <Title order={2} mb={6}>
            Under way
          </Title>
          <Facts
            facts={[
              ["Runs", some(data.counts.runs)],
              ["Tasks", some(data.counts.tasks)],
              ["Launches", Object.entries(data.counts.launches).map(([state, count]) => `${count} ${state}`).join(", ") || "none"],
              ["Watch age", typeof status.watch_age_s === "number" ? duration(status.watch_age_s) : null],
            ]}
          />
        </section>
        {(["importer", "executor", "triggers"] as const).map((name) => (
          <section key={name}>
            <Title order={2} mb={6}>
              {name[0]?.toUpperCase() + name.slice(1)}
            </Title>
            <Facts facts={part(name)} />
          </section>
        ))}
      </SimpleGrid>
      {members ? (
        <section>
          <Title order={2} mb={6}>
            Daemons
          </Title>
          <Table maw={760}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Daemon</Table.Th>
                <Table.Th>Version</Table.Th>
                <Table.Th>Since</Table.Th>
                <Table.Th>Leads</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {members.daemons.map((one) => (
                <Table.Tr key={one.id}>
                  <Table.Td>{one.name}</Table.Td>
                  <Table.Td>{one.version}</Table.Td>
                  <Table.Td>
                    <At at={one.since} />
                  </Table.Td>
                  <Table.Td>
                    {members.leases
                      .filter((lease) => lease.holder_name === one.name && !lease.expired)
                      .map((lease) => lease.name)
                      .join(", ")}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      ) : null}
      {Object.keys(data.words).length ? <Value value={data.words} label="What parts say" /> : null}
    </Stack>
  );
}
