/** Connections; their secrets can be set and are never shown. */
import { Button, Group, Modal, NumberInput, PasswordInput, Stack, TextInput, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import * as api from "@/api/calls";
import { at, call } from "@/api/client";
import { ofKinds, useLive } from "@/api/live";
import { useMay } from "@/api/session";
import type { Connection } from "@/api/types";
import { done } from "@/lib/notes";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { RowActions } from "@/parts/RowActions";
import { VirtualTable, type Column } from "@/parts/VirtualTable";
import { useEdited } from "./useAdmin";

export default function Connections() {
  const may = useMay("admin");
  const client = useQueryClient();
  const { id, isNew, edit, add, close } = useEdited();
  const query = useLive({
    queryKey: ["connections"],
    queryFn: ({ signal }) => api.connections({ signal }),
    heeds: ofKinds("connection."),
    every: 15_000,
  });
  const remove = async (connection: string) => {
    await call<void>(at("/api/v2/connections/{connection_id}" as never, { connection_id: connection } as never), { method: "DELETE" });
    await client.invalidateQueries({ queryKey: ["connections"] });
  };
  const edited = query.data?.connections.find((one) => one.connection_id === id);
  const columns: Column<Connection>[] = [
    { title: "Id", width: "minmax(140px, 1fr)", cell: (one) => <span className="mono">{one.connection_id}</span> },
    { title: "Type", width: "120px", cell: (one) => one.conn_type },
    { title: "Host", width: "minmax(140px, 1.5fr)", cell: (one) => one.host ?? "" },
    { title: "Port", width: "70px", cell: (one) => one.port ?? "", align: "right" },
    { title: "Schema", width: "minmax(80px, 1fr)", cell: (one) => one.schema ?? "" },
    { title: "Login", width: "minmax(80px, 1fr)", cell: (one) => one.login ?? "" },
    { title: "Secrets", width: "120px", cell: (one) => [one.password && "password", one.extra && "extra"].filter(Boolean).join(", ") },
    {
      title: "Change",
      width: "80px",
      cell: (one) =>
        may ? (
          <RowActions
            name={one.connection_id}
            onEdit={() => edit(one.connection_id)}
            remove={() => remove(one.connection_id)}
            says="It goes with its password; tasks that ask for it fail from then on."
          />
        ) : null,
    },
  ];
  return (
    <Page title="Connections" scrolls={false} actions={may ? <Button onClick={add}>New connection</Button> : null}>
      <Loaded query={query}>
        {(data) =>
          data.connections.length ? (
            <VirtualTable label="Connections" rows={data.connections} columns={columns} keyOf={(one) => one.connection_id} minWidth={960} />
          ) : (
            <Empty title="There are no connections">
              Tasks may also read them from the environment (AIRFLOW_CONN_…) and from secrets backends.
            </Empty>
          )
        }
      </Loaded>
      <Modal
        opened={may && (isNew || edited !== undefined)}
        onClose={close}
        title={isNew ? "New connection" : "Change connection"}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {isNew || edited ? <Form key={id ?? ""} connection={edited ?? null} onClose={close} /> : null}
      </Modal>
    </Page>
  );
}

const TEXTS = [
  ["conn_type", "Type"],
  ["host", "Host"],
  ["schema", "Schema"],
  ["login", "Login"],
  ["description", "Description"],
] as const;

function Form({ connection, onClose }: { connection: Connection | null; onClose: () => void }) {
  const client = useQueryClient();
  const [id, setId] = useState(connection?.connection_id ?? "");
  const [texts, setTexts] = useState<Record<string, string>>(
    Object.fromEntries(TEXTS.map(([name]) => [name, connection?.[name] ?? (name === "conn_type" ? "generic" : "")])),
  );
  const [port, setPort] = useState<number | string>(connection?.port ?? "");
  const [password, setPassword] = useState("");
  const [extra, setExtra] = useState("");
  const save = useMutation({
    mutationFn: () => {
      const given = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text || null]));
      const body: Record<string, unknown> = { connection_id: id, ...given, port: port === "" ? null : Number(port) };
      // A secret that is left empty stays what it is.
      if (password || !connection) body.password = password || null;
      if (extra || !connection) body.extra = extra || null;
      if (!connection) return call(at("/api/v2/connections", {}), { method: "POST", body });
      const mask = Object.keys(body).filter((name) => name !== "connection_id");
      return call(`/api/v2/connections/${encodeURIComponent(id)}?${mask.map((name) => `update_mask=${name}`).join("&")}`, {
        method: "PATCH",
        body,
      });
    },
    onSuccess: () => {
      done(`Connection ${id} is kept`);
      void client.invalidateQueries({ queryKey: ["connections"] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} autoComplete="off">
      <Stack gap="sm">
        <TextInput label="Id" required disabled={connection !== null} value={id} onChange={(event) => setId(event.currentTarget.value)} />
        {TEXTS.map(([name, label]) => (
          <TextInput
            key={name}
            label={label}
            required={name === "conn_type"}
            value={texts[name] ?? ""}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setTexts((before) => ({ ...before, [name]: value }));
            }}
          />
        ))}
        <NumberInput label="Port" min={0} max={65535} value={port} onChange={setPort} />
        <PasswordInput
          size="xs"
          label="Password"
          autoComplete="new-password"
          placeholder={connection?.password ? "stays as it is" : ""}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Textarea
          label="Extra (JSON)"
          autosize
          minRows={2}
          maxRows={10}
          placeholder={connection?.extra ? "stays as it is" : ""}
          value={extra}
          onChange={(event) => setExtra(event.currentTarget.value)}
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
