/** Variables: read, set, removed. */
import { Button, Group, Modal, Stack, Text, TextInput, Textarea } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState, type FormEvent } from "react";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import { useMay } from "@/api/session";
import type { Variable } from "@/api/types";
import { done } from "@/lib/notes";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { RowActions } from "@/parts/RowActions";
import { VirtualTable, type Column } from "@/parts/VirtualTable";
import { useAdmin, useEdited } from "./useAdmin";

export default function Variables() {
  const may = useMay("admin");
  const { search, set } = useAdmin();
  const client = useQueryClient();
  const { id, isNew, edit, add, close } = useEdited();
  const query = useLive({
    queryKey: ["variables"],
    queryFn: ({ signal }) => api.variables({ signal }),
    heeds: ofKinds("variable."),
    every: 15_000,
  });
  const remove = async (key: string) => {
    await api.deleteVariable(key);
    await client.invalidateQueries({ queryKey: ["variables"] });
  };
  const edited = query.data?.variables.find((one) => one.key === id);
  const rows = useMemo(
    () => (query.data?.variables ?? []).filter((one) => one.key.toLowerCase().includes((search.q ?? "").toLowerCase())),
    [query.data, search.q],
  );
  const columns: Column<Variable>[] = [
    { title: "Key", width: "minmax(160px, 1fr)", cell: (one) => <span className="mono">{one.key}</span> },
    {
      title: "Value",
      width: "minmax(200px, 2fr)",
      cell: (one) => (
        <span className="mono" title={one.value}>
          {one.value}
        </span>
      ),
    },
    { title: "Description", width: "minmax(140px, 1.5fr)", cell: (one) => one.description ?? "" },
    {
      title: "Change",
      width: "80px",
      cell: (one) =>
        may ? (
          <RowActions
            name={one.key}
            onEdit={() => edit(one.key)}
            remove={() => remove(one.key)}
            says="Files and tasks that ask for it find nothing from then on."
          />
        ) : null,
    },
  ];
  return (
    <Page
      title="Variables"
      scrolls={false}
      actions={may ? <Button onClick={add}>New Variable</Button> : null}
      below={
        <TextInput
          mt={8}
          aria-label="Search Variables"
          placeholder="Key"
          leftSection={<IconSearch size={14} />}
          value={search.q ?? ""}
          onChange={(event) => set({ q: event.currentTarget.value || undefined })}
          w={260}
        />
      }
    >
      <Loaded query={query}>
        {() =>
          rows.length ? (
            <VirtualTable label="Variables" rows={rows} columns={columns} keyOf={(one) => one.key} />
          ) : (
            <Empty title={query.data?.variables.length ? "No Variable is like that" : "There are no Variables"}>
              <Text size="sm">Files may also read them from the environment (AIRFLOW_VAR_…) and from secrets backends.</Text>
            </Empty>
          )
        }
      </Loaded>
      <Modal
        opened={may && (isNew || edited !== undefined)}
        onClose={close}
        title={isNew ? "New Variable" : "Change Variable"}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {isNew || edited ? <Form key={id ?? ""} variable={edited ?? null} onClose={close} /> : null}
      </Modal>
    </Page>
  );
}

function Form({ variable, onClose }: { variable: Variable | null; onClose: () => void }) {
  const client = useQueryClient();
  const [key, setKey] = useState(variable?.key ?? "");
  const [value, setValue] = useState(variable?.value ?? "");
  const [description, setDescription] = useState(variable?.description ?? "");
  const save = useMutation({
    mutationFn: () => api.setVariable({ key, value, description: description || null }),
    onSuccess: () => {
      done(`Variable ${key} is kept`);
      void client.invalidateQueries({ queryKey: ["variables"] });
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
        <TextInput label="Key" required disabled={variable !== null} value={key} onChange={(event) => setKey(event.currentTarget.value)} />
        <Textarea label="Value" autosize minRows={3} maxRows={16} value={value} onChange={(event) => setValue(event.currentTarget.value)} />
        <TextInput label="Description" value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
