/** Pools: how many slots each has, and what holds them. */
import { Button, Checkbox, Group, Modal, NumberInput, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import * as api from "@/api/calls";
import { at, call } from "@/api/client";
import { ofKinds, useLive } from "@/api/live";
import { useMay } from "@/api/session";
import type { Pool } from "@/api/types";
import { done } from "@/lib/notes";
import { Page } from "@/parts/Page";
import { RowActions } from "@/parts/RowActions";
import { Loaded } from "@/parts/Says";
import { useEdited } from "./useAdmin";
import classes from "./Pools.module.css";

const PARTS = [
  ["running_slots", "running"],
  ["queued_slots", "queued"],
  ["deferred_slots", "deferred"],
] as const;

export default function Pools() {
  const may = useMay("admin");
  const { id, isNew, edit, add, close } = useEdited();
  const query = useLive({
    queryKey: ["pools"],
    queryFn: ({ signal }) => api.pools({ signal }),
    heeds: ofKinds("pool.", "task."),
  });
  const edited = query.data?.pools.find((one) => one.name === id);
  return (
    <Page title="Pools" actions={may ? <Button onClick={add}>New pool</Button> : null}>
      <Loaded query={query}>{(data) => <List pools={data.pools} edit={may ? edit : undefined} />}</Loaded>
      <Modal
        opened={may && (isNew || edited !== undefined)}
        onClose={close}
        title={isNew ? "New pool" : "Change pool"}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {isNew || edited ? <Form key={id ?? ""} pool={edited ?? null} onClose={close} /> : null}
      </Modal>
    </Page>
  );
}

function List({ pools, edit }: { pools: Pool[]; edit?: (name: string) => void }) {
  const client = useQueryClient();
  const remove = async (name: string) => {
    await call<void>(`/api/v2/pools/${encodeURIComponent(name)}`, { method: "DELETE" });
    await client.invalidateQueries({ queryKey: ["pools"] });
  };
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Pool</Table.Th>
          <Table.Th className={classes.slots}>Slots</Table.Th>
          <Table.Th visibleFrom="sm">Open</Table.Th>
          <Table.Th>Waiting</Table.Th>
          <Table.Th visibleFrom="sm">Description</Table.Th>
          <Table.Th>
            <span className="visually-hidden">Actions</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pools.map((pool) => (
          <Table.Tr key={pool.name}>
            <Table.Td className="mono">{pool.name}</Table.Td>
            <Table.Td>
              <Bar pool={pool} />
            </Table.Td>
            <Table.Td className="number" visibleFrom="sm">
              {pool.slots < 0 ? "∞" : pool.open_slots}
            </Table.Td>
            <Table.Td className="number">{pool.scheduled_slots}</Table.Td>
            <Table.Td visibleFrom="sm">{pool.description}</Table.Td>
            <Table.Td>
              {edit ? (
                <RowActions
                  name={pool.name}
                  onEdit={() => edit(pool.name)}
                  remove={() => remove(pool.name)}
                  says="Tasks that want a slot of it do not begin until there is one of that name again."
                  stays={pool.name === "default_pool"}
                />
              ) : null}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Bar({ pool }: { pool: Pool }) {
  const whole = Math.max(1, pool.slots < 0 ? pool.occupied_slots * 2 : pool.slots);
  const parts = PARTS.filter(([name]) => name !== "deferred_slots" || pool.include_deferred);
  const words = parts.map(([name, label]) => `${pool[name]} ${label}`).join(", ");
  return (
    <div className={classes.whole} role="img" aria-label={`${pool.slots < 0 ? "unbounded" : pool.slots} slots: ${words}`} title={words}>
      {parts.map(([name, label]) => (
        <span key={name} style={{ width: `${(100 * pool[name]) / whole}%`, background: `var(--state-${label})` }} />
      ))}
      <Text size="xs" className={classes.words}>
        {pool.occupied_slots} of {pool.slots < 0 ? "∞" : pool.slots}
      </Text>
    </div>
  );
}

function Form({ pool, onClose }: { pool: Pool | null; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(pool?.name ?? "");
  const [slots, setSlots] = useState<number | string>(pool?.slots ?? 16);
  const [description, setDescription] = useState(pool?.description ?? "");
  const [deferred, setDeferred] = useState(pool?.include_deferred ?? false);
  const save = useMutation({
    mutationFn: () => {
      const body = { name, slots: Number(slots), description: description || null, include_deferred: deferred };
      if (pool) return call(`/api/v2/pools/${encodeURIComponent(pool.name)}`, { method: "PATCH", body });
      return call(at("/api/v2/pools", {}), { method: "POST", body });
    },
    onSuccess: () => {
      done(`Pool ${name} is kept`);
      void client.invalidateQueries({ queryKey: ["pools"] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput label="Name" required disabled={pool !== null} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <NumberInput label="Slots" description="-1: without bound" required min={-1} value={slots} onChange={setSlots} />
        <TextInput label="Description" value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        <Checkbox
          label="Deferred tasks hold their slots"
          checked={deferred}
          onChange={(event) => setDeferred(event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
