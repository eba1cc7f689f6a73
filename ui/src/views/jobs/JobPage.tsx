/** A native DAG file: made by a form or as text, looked at before it is kept, changed and deleted. */
import { Alert, Badge, Button, Group, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useBlocker, useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import * as api from "@/api/calls";
import { ApiError } from "@/api/client";
import { useMay } from "@/api/session";
import type { CheckAnswer, Diagnostic, JobFile } from "@/api/types";
import { FIRST, FIRST_DOC, isDoc, keptFromForm, spelled, written, type Doc, type NativeSchema } from "@/lib/jobDocument";
import { ownPath } from "@/lib/jobPath";
import { done } from "@/lib/notes";
import { Diagnostics } from "@/parts/Diagnostics";
import { Editor } from "@/parts/Editor";
import { Page } from "@/parts/Page";
import { Loaded, Waiting } from "@/parts/Says";
import { DeleteButton } from "./DeleteButton";
import { JobForm } from "./JobForm";
import classes from "./JobPage.module.css";
import { Preview } from "./Preview";

const route = getRouteApi("/jobs");
const TYPED_MS = 250;
const NOTHING: Diagnostic[] = [];

export default function JobPage() {
  const { path } = route.useSearch();
  const schema = useQuery({
    queryKey: ["native-schema"],
    queryFn: ({ signal }) => api.nativeSchema({ signal }),
    staleTime: Infinity,
  });
  const file = useQuery({
    queryKey: ["job-file", path],
    queryFn: ({ signal }) => api.jobFile(path ?? "", { signal }),
    enabled: path !== undefined,
    staleTime: Infinity, // what one works on is not exchanged under one's hands
    refetchOnWindowFocus: false,
  });
  return (
    <Loaded query={schema}>
      {(format) =>
        path === undefined ? (
          <Work key="new" schema={format} />
        ) : (
          <Loaded query={file}>{(found) => <Work key={found.digest} schema={format} file={found} />}</Loaded>
        )
      }
    </Loaded>
  );
}

function useChecked(text: string, path: string | undefined, mayCheck: boolean) {
  const [settled] = useDebouncedValue(text, TYPED_MS);
  const query = useQuery({
    queryKey: ["check", path, settled],
    queryFn: ({ signal }) => api.checkJob(settled, path, { signal }),
    placeholderData: (before) => before,
    enabled: mayCheck,
    gcTime: 10_000,
  });
  return { answer: query.data, of: settled, pending: settled !== text || query.isFetching, problem: query.error };
}

function Work({ schema, file }: { schema: NativeSchema; file?: JobFile }) {
  const mayCheck = useMay("operator");
  const maySave = useMay("admin") && !file?.locked;
  const [text, setText] = useState(file?.content ?? FIRST);
  const [typedName, setName] = useState<string | null>(null);
  const checked = useChecked(text, file?.path, mayCheck);
  const [doc, setDoc] = useState<Doc | null>(file ? null : FIRST_DOC);
  const found = checked.answer?.diagnostics ?? NOTHING;
  useEffect(() => {
    // The form shows what the server has read, unless more has been typed since.
    const first = checked.answer?.documents[0];
    if (checked.of === text && !checked.pending && isDoc(first)) setDoc(spelled(first, schema));
  }, [checked.answer, checked.of, checked.pending, text, schema]);
  const kept = keptFromForm(text, checked.answer?.documents.length ?? 1);
  const broken = found.some((one) => one.severity === "error");
  const name = typedName ?? (typeof doc?.Name === "string" && doc.Name ? `${doc.Name}.yaml` : "");
  const save = useSave(file, name, text);
  useBlocker({
    shouldBlockFn: () => text !== (file?.content ?? FIRST) && !save.saved && !window.confirm("What you have typed is not saved. Leave it?"),
    enableBeforeUnload: () => text !== (file?.content ?? FIRST) && !save.saved,
  });
  const write = (next: Doc) => {
    setDoc(next);
    setText(written(next));
  };
  return (
    <Page
      title={file ? `Edit ${ownPath(file.path)}` : "New job"}
      scrolls={false}
      beside={<Where file={file} />}
      actions={
        <>
          {file ? null : (
            <TextInput
              aria-label="File name"
              placeholder="file name"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              className="mono"
              w={220}
            />
          )}
          {file && maySave ? <DeleteButton file={file} /> : null}
          <Button
            onClick={() => save.mutate()}
            loading={save.isPending}
            disabled={!maySave || broken || checked.pending || !name || text === file?.content}
            title={maySave ? undefined : "Saving takes an admin"}
          >
            Save
          </Button>
        </>
      }
      below={<Refused file={file} maySave={maySave} mayCheck={mayCheck} problem={save.error} />}
    >
      <div className={classes.view}>
        <section className={classes.form} aria-label="Form" tabIndex={0}>
          {doc || !mayCheck ? (
            <JobForm doc={doc ?? {}} schema={schema} onChange={write} kept={kept} onRewrite={() => setText(written(doc ?? {}))} readOnly={!mayCheck} />
          ) : (
            <Waiting />
          )}
        </section>
        <section className={classes.text} aria-label="Text">
          <div className={classes.editor}>
            <Editor text={text} onChange={setText} label="Native YAML" diagnostics={found} schema={schema} readOnly={!mayCheck} />
          </div>
          <div className={classes.found} role="status" aria-label="What was found" tabIndex={0}>
            <Found answer={checked.answer} found={found} problem={checked.problem} />
          </div>
        </section>
        <section className={classes.preview} aria-label="Preview">
          <Preview answer={checked.answer} text={text} path={file?.path} broken={broken} mayTry={mayCheck} />
        </section>
      </div>
    </Page>
  );
}

/** Saving, and the way to the DAG once the importer has read it. */
function useSave(file: JobFile | undefined, name: string, text: string) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [saved, setSaved] = useState(false);
  const save = useMutation({
    mutationFn: async () => {
      const made = file ? await api.saveJobFile(file.path, text, file.digest) : await api.makeJobFile(name, text);
      setSaved(true);
      return { made, dagId: await whenRead(made) };
    },
    onSuccess: async ({ made, dagId }) => {
      done(`${ownPath(made.path)} is saved`);
      await client.invalidateQueries({ queryKey: ["job-file"] });
      void client.invalidateQueries({ queryKey: ["dag", dagId] });
      if (dagId) await navigate({ to: "/dags/$dagId", params: { dagId } });
      else await navigate({ to: "/import", search: { id: made.path } });
    },
    onError: () => setSaved(false),
  });
  return { ...save, saved };
}

const TRIES = 40;
const BETWEEN_MS = 250;

/** The first DAG of FILE once it is there; undefined: it takes too long, the view of imports says what becomes of it. */
async function whenRead(file: JobFile): Promise<string | undefined> {
  const dagId = file.dag_ids[0];
  if (!dagId) return undefined;
  for (let at = 0; at < TRIES; at += 1) {
    try {
      const dag = await api.dag(dagId);
      if (dag.file_path === file.path && !dag.is_stale) return dagId;
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 404) throw problem;
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
  return undefined;
}

function Where({ file }: { file?: JobFile }) {
  const place = useQuery({ queryKey: ["job-place"], queryFn: ({ signal }) => api.jobFilePlace({ signal }), enabled: !file }).data;
  const kept = file?.kept_in ?? place?.saves_in;
  if (!kept) return null;
  const why = place?.folder_locked ? `not in the DAG folder: ${place.folder_locked}` : place ? place.folder : file?.path;
  return (
    <Text size="xs" className="faint" component="span">
      <Badge color="gray" mr={6}>
        {kept === "folder" ? "DAG folder" : "database"}
      </Badge>
      <span className="mono">{why}</span>
    </Text>
  );
}

function Refused({ file, maySave, mayCheck, problem }: { file?: JobFile; maySave: boolean; mayCheck: boolean; problem: unknown }) {
  const client = useQueryClient();
  const conflict = problem instanceof ApiError && problem.status === 409;
  const words = useMemo(() => {
    if (problem) return problem instanceof ApiError ? `${problem.detail}${problem.hint ? `. ${problem.hint}` : ""}` : String(problem);
    if (file?.locked) return `This file cannot be changed here: ${file.locked}.`;
    if (!mayCheck) return "You may look at it; checking takes an operator, and saving an admin.";
    return maySave ? "" : "You may try it out; saving takes an admin.";
  }, [problem, file, mayCheck, maySave]);
  if (!words) return null;
  return (
    <Alert color={problem ? "red" : "gray"} variant="light" p="xs" mt={6} role={problem ? "alert" : undefined}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{words}</Text>
        {conflict && file ? (
          <Button variant="default" onClick={() => void client.invalidateQueries({ queryKey: ["job-file", file.path] })}>
            Take what is there now
          </Button>
        ) : null}
      </Group>
    </Alert>
  );
}

function Found({ answer, found, problem }: { answer?: CheckAnswer; found: Diagnostic[]; problem: unknown }) {
  if (problem) return <Text size="sm">{problem instanceof ApiError ? problem.detail : String(problem)}</Text>;
  if (!answer) return null;
  if (found.length) return <Diagnostics found={found} />;
  const tasks = answer.dags.reduce((sum, dag) => sum + dag.graph.structure.tasks.id.length, 0);
  return (
    <Text size="sm" className="faint">
      Nothing to remark: {answer.dags.length} {answer.dags.length === 1 ? "DAG" : "DAGs"}, {tasks} {tasks === 1 ? "task" : "tasks"}.
    </Text>
  );
}
