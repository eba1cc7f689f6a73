/** Every file of the DAG folder: what was read, what was found in it. */
import { Badge, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import type { ReadFile } from "@/api/types";
import { isKept } from "@/lib/jobPath";
import { duration } from "@/lib/time";
import { Diagnostics } from "@/parts/Diagnostics";
import { Ago } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { VirtualTable, type Column } from "@/parts/VirtualTable";
import classes from "./Import.module.css";
import { useAdmin } from "./useAdmin";

type Show = "" | "broken" | "holes" | "notices";

function shows(file: ReadFile, show: Show): boolean {
  if (show === "broken") return file.broken;
  if (show === "holes") return file.diagnostics.some((one) => one.code === "GF102" || one.code === "GF101");
  if (show === "notices") return file.diagnostics.length > 0;
  return true;
}

export default function Import() {
  const query = useLive({
    queryKey: ["imports"],
    queryFn: ({ signal }) => api.imports({ signal }),
    heeds: ofKinds("import.", "dag."),
    every: 6000,
  });
  return <Loaded query={query}>{(data) => <Files files={data.files} />}</Loaded>;
}

function Files({ files }: { files: ReadFile[] }) {
  const { search, set } = useAdmin();
  const show = (search.show ?? "") as Show;
  const rows = useMemo(
    () => files.filter((file) => shows(file, show) && file.path.toLowerCase().includes((search.q ?? "").toLowerCase())),
    [files, show, search.q],
  );
  const chosen = files.find((file) => file.path === search.id);
  const columns: Column<ReadFile>[] = [
    {
      title: "File",
      width: "minmax(180px, 2fr)",
      cell: (file) => (
        <button type="button" className={classes.file} onClick={() => set({ id: file.path })} aria-pressed={file.path === search.id}>
          {file.path}
        </button>
      ),
    },
    {
      title: "Found",
      width: "minmax(110px, 170px)",
      cell: (file) => <Found file={file} />,
    },
    {
      title: "DAGs",
      width: "minmax(130px, 1.5fr)",
      cell: (file) =>
        file.dag_ids.length
          ? file.dag_ids.map((dagId, at) => (
              <span key={dagId}>
                {at ? ", " : ""}
                <Link to="/dags/$dagId" params={{ dagId }}>
                  {dagId}
                </Link>
              </span>
            ))
          : file.looks_like_dag
            ? ""
            : "no DAG file",
    },
    { title: "Read in", width: "80px", cell: (file) => duration(file.seconds), align: "right" },
    { title: "Last read", width: "minmax(120px, 150px)", cell: (file) => <Ago at={file.last_read_at} /> },
  ];
  const broken = files.filter((file) => file.broken).length;
  return (
    <Page
      title="Import"
      scrolls={false}
      beside={
        <Text size="sm" className="faint number">
          {files.length} files{broken ? `, ${broken} with errors` : ", none with errors"}
        </Text>
      }
      below={
        <Group gap="xs" mt={8}>
          <TextInput
            aria-label="Search files"
            placeholder="Path"
            leftSection={<IconSearch size={14} />}
            value={search.q ?? ""}
            onChange={(event) => set({ q: event.currentTarget.value || undefined })}
            w={240}
          />
          <SegmentedControl
            aria-label="Which files"
            value={show}
            onChange={(value) => set({ show: value || undefined })}
            data={[
              { value: "", label: "All" },
              { value: "broken", label: "Errors" },
              { value: "holes", label: "Holes" },
              { value: "notices", label: "Anything found" },
            ]}
          />
        </Group>
      }
    >
      <div className={classes.both}>
        {rows.length ? (
          <VirtualTable label="Files" rows={rows} columns={columns} keyOf={(file) => file.path} minWidth={chosen ? 680 : 820} />
        ) : (
          <Empty title={files.length ? "No file is like that" : "No file has been read yet"} />
        )}
        {chosen ? (
          <aside className={classes.side} aria-label={chosen.path} tabIndex={0}>
            <Stack gap="xs">
              <Text fw={600} size="sm" style={{ overflowWrap: "anywhere" }}>
                {chosen.path}
              </Text>
              {isKept(chosen.path) ? (
                // No page of a DAG may lead to it: another file may have its DAGs.
                <Link to="/jobs" search={{ path: chosen.path }}>
                  Edit
                </Link>
              ) : null}
              {chosen.diagnostics.length ? (
                <Diagnostics
                  found={chosen.diagnostics}
                  place={(one) =>
                    one.dag_id ? (
                      <Link to="/dags/$dagId/code" params={{ dagId: one.dag_id }} search={{ line: one.line || undefined }} className={classes.place}>
                        line {one.line}
                      </Link>
                    ) : one.line ? (
                      `line ${one.line}: `
                    ) : null
                  }
                />
              ) : (
                <Text size="sm" className="faint">
                  Nothing was found in it.
                </Text>
              )}
            </Stack>
          </aside>
        ) : null}
      </div>
    </Page>
  );
}

function Found({ file }: { file: ReadFile }) {
  const count = (severity: string) => file.diagnostics.filter((one) => one.severity === severity).length;
  const errors = count("error");
  const others = file.diagnostics.length - errors;
  return (
    <Group gap={4}>
      {errors ? <Badge color="red">{errors} {errors === 1 ? "error" : "errors"}</Badge> : null}
      {others ? <Badge color="gray">{others} {others === 1 ? "notice" : "notices"}</Badge> : null}
    </Group>
  );
}
