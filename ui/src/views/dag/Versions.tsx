/** Every version by its file hash, which runs used it, and what changed between any two: in the source, and in meaning. */
import { Alert, Badge, Group, NativeSelect, SegmentedControl, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import * as api from "@/api/calls";
import { ofDag, useLive } from "@/api/live";
import type { Version } from "@/api/types";
import { DiffTable } from "@/parts/DiffTable";
import { At } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";
import classes from "./Versions.module.css";

const route = getRouteApi("/dags/$dagId/versions");

export default function Versions() {
  const { dagId } = route.useParams();
  const query = useLive({
    queryKey: ["versions", dagId],
    queryFn: ({ signal }) => api.versions(dagId, { signal }),
    heeds: ofDag(dagId),
    every: 15_000,
  });
  return (
    <div className={classes.view} tabIndex={0} role="region" aria-label="Versions">
      <Loaded query={query}>{(data) => <Both dagId={dagId} versions={data.versions} />}</Loaded>
    </div>
  );
}

function Both({ dagId, versions }: { dagId: string; versions: Version[] }) {
  return (
    <>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Version</Table.Th>
            <Table.Th>File hash</Table.Th>
            <Table.Th>Recorded</Table.Th>
            <Table.Th>Meaning</Table.Th>
            <Table.Th>Runs</Table.Th>
            <Table.Th>Used from</Table.Th>
            <Table.Th>to</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {versions.map((one) => (
            <Table.Tr key={one.number}>
              <Table.Td>
                <Link to="/dags/$dagId/code" params={{ dagId }} search={{ version: one.number }}>
                  {one.number}
                </Link>
              </Table.Td>
              <Table.Td className="mono" title={one.file_hash}>
                {one.file_hash.slice(0, 12)}
              </Table.Td>
              <Table.Td>
                <At at={one.created_date} />
              </Table.Td>
              <Table.Td>
                {one.number === 1 ? (
                  "the first"
                ) : one.same_meaning ? (
                  <Badge color="gray">same as {one.number - 1}</Badge>
                ) : (
                  <Badge color="blue">changed</Badge>
                )}
                {one.readings.length > 1 ? <Badge ml={4}>{one.readings.length} readings</Badge> : null}
              </Table.Td>
              <Table.Td className="number">{one.runs}</Table.Td>
              <Table.Td>
                <At at={one.first_run} />
              </Table.Td>
              <Table.Td>
                <At at={one.last_run} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {versions.length > 1 ? (
        <Difference dagId={dagId} numbers={versions.map((one) => one.number)} />
      ) : (
        <Text size="sm" className="faint" mt="md">
          When the file changes, what changed is shown here.
        </Text>
      )}
    </>
  );
}

function Difference({ dagId, numbers }: { dagId: string; numbers: number[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const newest = numbers[0] ?? 1;
  const newer = search.new ?? newest;
  const older = search.old ?? Math.max(1, newer - 1);
  const of = search.of ?? "source";
  const query = useQuery({
    queryKey: ["diff", dagId, older, newer],
    queryFn: ({ signal }) => api.diff(dagId, older, newer, { signal }),
    staleTime: Infinity,
  });
  const set = (changes: object) => void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const choices = numbers.map((number) => ({ value: String(number), label: `version ${number}` }));
  return (
    <>
      <Group gap="xs" mt="lg" mb="xs">
        <NativeSelect aria-label="From" value={String(older)} data={choices} onChange={(event) => set({ old: Number(event.currentTarget.value) })} />
        <Text size="sm">to</Text>
        <NativeSelect aria-label="To" value={String(newer)} data={choices} onChange={(event) => set({ new: Number(event.currentTarget.value) })} />
        <SegmentedControl
          aria-label="What is compared"
          value={of}
          onChange={(value) => set({ of: value })}
          data={[
            { value: "source", label: "Source" },
            { value: "meaning", label: "Meaning" },
          ]}
        />
      </Group>
      <Loaded query={query}>
        {(data) => (
          <>
            {data.same_meaning ? (
              <Alert color="gray" variant="light" p="xs" mb="xs">
                <Text size="sm">Both mean the same: nothing that runs has changed.</Text>
              </Alert>
            ) : null}
            <DiffTable unified={of === "source" ? data.source : data.meaning} label={`Version ${older} to ${newer}`} />
          </>
        )}
      </Loaded>
    </>
  );
}
