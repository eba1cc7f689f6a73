/** Backfills of a DAG: what one would do is shown before it is made. */
import { Alert, Button, Checkbox, Group, NativeSelect, NumberInput, Paper, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { FormEvent } from "react";
import * as api from "@/api/calls";
import { ApiError } from "@/api/client";
import { ofDag, useLive } from "@/api/live";
import { useMay } from "@/api/session";
import type { Backfill } from "@/api/types";
import { done } from "@/lib/notes";
import { fromInput, fullMoment, zone } from "@/lib/time";
import { At } from "@/parts/Moment";
import { Empty, Loaded } from "@/parts/Says";
import { Counts } from "@/parts/State";
import classes from "./Versions.module.css";

const route = getRouteApi("/dags/$dagId/backfills");

export default function Backfills() {
  const { dagId } = route.useParams();
  const mayOperate = useMay("operator");
  const query = useLive({
    queryKey: ["backfills", dagId],
    queryFn: ({ signal }) => api.backfills(dagId, { signal }),
    heeds: ofDag(dagId),
  });
  return (
    <div className={classes.view} tabIndex={0} role="region" aria-label="Backfills">
      {mayOperate ? <Form dagId={dagId} /> : null}
      <Loaded query={query}>
        {(data) =>
          data.backfills.length ? <List rows={data.backfills} mayOperate={mayOperate} /> : <Empty title="There was no backfill yet" />
        }
      </Loaded>
    </div>
  );
}

function Form({ dagId }: { dagId: string }) {
  const client = useQueryClient();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { from = "", to = "", again = "none", backwards = false, active = 10 } = search;
  const body = (): api.BackfillBody => ({
    dag_id: dagId,
    from_date: fromInput(from) ?? "",
    to_date: fromInput(to) ?? "",
    run_backwards: backwards,
    reprocess_behavior: again,
    max_active_runs: active,
  });
  const preview = useMutation({ mutationFn: () => api.backfillPreview(body()), onError: () => undefined });
  const make = useMutation({
    mutationFn: () => api.backfill(body()),
    onSuccess: () => {
      done("The backfill is made");
      preview.reset();
      void client.invalidateQueries({ queryKey: ["backfills", dagId] });
    },
  });
  const set = (changes: typeof search) => {
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
    preview.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    preview.mutate();
  };
  const found = preview.data;
  return (
    <Paper withBorder p="sm" my="xs" component="form" onSubmit={submit}>
      <Title order={2} mb={6}>
        New backfill
      </Title>
      <Group align="flex-end" gap="sm">
        <TextInput
          type="datetime-local"
          label={`From (${zone() === "UTC" ? "UTC" : "local"})`}
          required
          value={from}
          onChange={(event) => set({ from: event.currentTarget.value || undefined })}
        />
        <TextInput type="datetime-local" label="To" required value={to} onChange={(event) => set({ to: event.currentTarget.value || undefined })} />
        <NativeSelect
          label="Runs that are there"
          value={again}
          onChange={(event) => set({ again: event.currentTarget.value as typeof again })}
          data={[
            { value: "none", label: "leave them" },
            { value: "failed", label: "run failed ones again" },
            { value: "completed", label: "run all ended ones again" },
          ]}
        />
        <NumberInput label="At once" min={1} w={80} value={active} onChange={(value) => set({ active: Number(value) || undefined })} />
        <Checkbox
          label="Newest first"
          checked={backwards}
          onChange={(event) => set({ backwards: event.currentTarget.checked || undefined })}
          mb={6}
        />
        <Button type="submit" variant="default" loading={preview.isPending}>
          Preview
        </Button>
      </Group>
      {preview.error ? (
        <Alert color="red" variant="light" mt="sm" p="xs">
          {preview.error instanceof ApiError ? preview.error.detail : String(preview.error)}
        </Alert>
      ) : null}
      {found ? (
        <Stack gap={6} mt="sm" data-testid="preview">
          <Text size="sm" fw={600}>
            {found.total_entries ? `${found.total_entries} runs would be made or run again:` : "No run would be made."}
          </Text>
          <Text size="sm" className="mono">
            {found.backfills.slice(0, 12).map((one) => one.partition_key ?? fullMoment(one.logical_date)).join(", ")}
            {found.total_entries > 12 ? ", …" : ""}
          </Text>
          {found.total_entries ? (
            <Group>
              <Button onClick={() => make.mutate()} loading={make.isPending}>
                Make {found.total_entries} runs
              </Button>
            </Group>
          ) : null}
        </Stack>
      ) : null}
    </Paper>
  );
}

function List({ rows, mayOperate }: { rows: Backfill[]; mayOperate: boolean }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: ({ id, what }: { id: number; what: "pause" | "unpause" | "cancel" }) => api.backfillDo(id, what),
    onSettled: () => client.invalidateQueries({ queryKey: ["backfills"] }),
  });
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>No.</Table.Th>
          <Table.Th>From</Table.Th>
          <Table.Th>To</Table.Th>
          <Table.Th>Runs</Table.Th>
          <Table.Th>Made</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.id}>
            <Table.Td>{row.id}</Table.Td>
            <Table.Td>
              <At at={row.from_date} />
            </Table.Td>
            <Table.Td>
              <At at={row.to_date} />
            </Table.Td>
            <Table.Td>
              <Counts counts={row.runs ?? {}} />
            </Table.Td>
            <Table.Td>
              <At at={row.created_at} />
            </Table.Td>
            <Table.Td>{row.completed_at ? "over" : row.is_paused ? "paused" : "under way"}</Table.Td>
            <Table.Td>
              {!row.completed_at && mayOperate ? (
                <Group gap={4}>
                  <Button
                    variant="default"
                    size="compact-xs"
                    onClick={() => act.mutate({ id: row.id, what: row.is_paused ? "unpause" : "pause" })}
                  >
                    {row.is_paused ? "Go on" : "Pause"}
                  </Button>
                  <Button variant="default" size="compact-xs" color="red" onClick={() => act.mutate({ id: row.id, what: "cancel" })}>
                    Cancel
                  </Button>
                </Group>
              ) : null}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
