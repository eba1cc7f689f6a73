/** Assets: who makes and who waits for each, and what has happened to it. */
import { Button, Group, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import { useMay } from "@/api/session";
import type { Asset } from "@/api/types";
import { done } from "@/lib/notes";
import { Ago, At } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { StateMark } from "@/parts/State";
import { VirtualTable, type Column } from "@/parts/VirtualTable";
import classes from "./Import.module.css";
import { useAdmin } from "./useAdmin";

export default function Assets() {
  const query = useLive({
    queryKey: ["assets"],
    queryFn: ({ signal }) => api.assets({ signal }),
    heeds: ofKinds("asset.", "dag."),
    every: 8000,
  });
  return <Loaded query={query}>{(data) => <List assets={data.assets} />}</Loaded>;
}

const dagsOf = (ids: { dag_id: string }[]) =>
  [...new Set(ids.map((one) => one.dag_id))].map((dagId, at) => (
    <span key={dagId}>
      {at ? ", " : ""}
      <Link to="/dags/$dagId" params={{ dagId }}>
        {dagId}
      </Link>
    </span>
  ));

function List({ assets }: { assets: Asset[] }) {
  const { search, set } = useAdmin();
  const rows = useMemo(
    () => assets.filter((one) => `${one.name} ${one.uri}`.toLowerCase().includes((search.q ?? "").toLowerCase())),
    [assets, search.q],
  );
  const chosen = assets.find((one) => String(one.id) === search.id);
  const columns: Column<Asset>[] = [
    {
      title: "Asset",
      width: "minmax(200px, 2fr)",
      cell: (one) => (
        <button type="button" className={classes.file} onClick={() => set({ id: String(one.id) })}>
          {one.name}
        </button>
      ),
    },
    { title: "Made by", width: "minmax(140px, 1fr)", cell: (one) => dagsOf(one.producing_tasks) },
    { title: "Waited for by", width: "minmax(140px, 1fr)", cell: (one) => dagsOf(one.scheduled_dags) },
    { title: "Last event", width: "130px", cell: (one) => <Ago at={one.last_asset_event?.timestamp} /> },
  ];
  return (
    <Page
      title="Assets"
      scrolls={false}
      below={
        <Group gap="xs" mt={8}>
          <TextInput
            aria-label="Search assets"
            placeholder="Name or URI"
            leftSection={<IconSearch size={14} />}
            value={search.q ?? ""}
            onChange={(event) => set({ q: event.currentTarget.value || undefined })}
            w={260}
          />
        </Group>
      }
    >
      <div className={classes.both}>
        {rows.length ? (
          <VirtualTable label="Assets" rows={rows} columns={columns} keyOf={(one) => one.id} minWidth={700} />
        ) : (
          <Empty title={assets.length ? "No asset is like that" : "No DAG has an asset"}>
            {assets.length ? null : "DAGs name assets in outlets, inlets and schedules."}
          </Empty>
        )}
        {chosen ? <Side asset={chosen} /> : null}
      </div>
    </Page>
  );
}

function Side({ asset }: { asset: Asset }) {
  const may = useMay("operator");
  const client = useQueryClient();
  const query = useLive({
    queryKey: ["asset-events", asset.id],
    queryFn: ({ signal }) => api.assetEvents(asset.id, { signal }),
    heeds: ofKinds("asset."),
  });
  const tell = useMutation({
    mutationFn: () => api.triggerAssetEvent(asset.id),
    onSuccess: () => {
      done("Told: DAGs that wait for it begin");
      void client.invalidateQueries();
    },
  });
  return (
    <aside className={classes.side} aria-label={asset.name} tabIndex={0}>
      <Stack gap="xs">
        <Title order={2} style={{ overflowWrap: "anywhere" }}>
          {asset.name}
        </Title>
        <Text size="xs" className="mono" style={{ overflowWrap: "anywhere" }}>
          {asset.uri}
        </Text>
        <Group>
          <Button variant="default" disabled={!may} loading={tell.isPending} onClick={() => tell.mutate()}>
            Tell that it was updated
          </Button>
        </Group>
        <Loaded query={query}>
          {(data) =>
            data.asset_events.length ? (
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>When</Table.Th>
                    <Table.Th>By</Table.Th>
                    <Table.Th>Began</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {data.asset_events.map((event) => (
                    <Table.Tr key={event.id}>
                      <Table.Td>
                        <At at={event.timestamp} />
                      </Table.Td>
                      <Table.Td>
                        {event.source_dag_id && event.source_run_id ? (
                          <Link to="/dags/$dagId/runs/$runId" params={{ dagId: event.source_dag_id, runId: event.source_run_id }}>
                            {event.source_dag_id}.{event.source_task_id}
                          </Link>
                        ) : (
                          "a person"
                        )}
                      </Table.Td>
                      <Table.Td>
                        {event.created_dagruns.map((run) => (
                          <Link
                            key={run.run_id}
                            to="/dags/$dagId/runs/$runId"
                            params={{ dagId: run.dag_id, runId: run.run_id }}
                            className={classes.begun}
                          >
                            <StateMark state={run.state} /> {run.dag_id}
                          </Link>
                        ))}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            ) : (
              <Text size="sm" className="faint">
                Nothing has happened to it yet.
              </Text>
            )
          }
        </Loaded>
      </Stack>
    </aside>
  );
}
