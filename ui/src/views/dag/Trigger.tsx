/** A run by hand: a form from the DAG's params, or JSON. */
import {
  Alert,
  Button,
  Checkbox,
  Group,
  NativeSelect,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Textarea,
  Title,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useMemo, useState, type FormEvent } from "react";
import * as api from "@/api/calls";
import { ApiError } from "@/api/client";
import type { DagDetails, Run } from "@/api/types";
import { done } from "@/lib/notes";
import { confOf, fieldsOf, shown, type Field } from "@/lib/params";
import { fromInput, zone } from "@/lib/time";
import { Loaded } from "@/parts/Says";
import { useDag } from "./DagPage";
import classes from "./Versions.module.css";

const route = getRouteApi("/dags/$dagId/trigger");

export default function Trigger() {
  const { dagId } = route.useParams();
  const { like } = route.useSearch();
  const query = useDag(dagId);
  const model = useQuery({
    queryKey: ["conf", dagId, like],
    queryFn: ({ signal }) => api.oneRun(dagId, like ?? "", { signal }),
    enabled: like !== undefined,
    staleTime: Infinity,
  });
  return (
    <div className={classes.view} tabIndex={0} role="region" aria-label="Trigger">
      <Loaded query={query}>
        {(dag) =>
          like === undefined ? <Form dag={dag} /> : <Loaded query={model}>{(run) => <Form key={like} dag={dag} like={run} />}</Loaded>
        }
      </Loaded>
    </div>
  );
}

/** What is typed where a run of before is the model: its values as texts. */
function textsOf(fields: Field[], conf: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(fields.filter((field) => field.name in conf).map((field) => [field.name, shown(field, conf[field.name])]));
}

function Form({ dag, like }: { dag: DagDetails; like?: Run }) {
  const navigate = useNavigate();
  const search = route.useSearch();
  const conf = like?.conf ?? NOTHING;
  const client = useQueryClient();
  const fields = useMemo(() => fieldsOf(dag.spec.params ?? {}, dag.spec.param_schemas ?? {}), [dag.spec]);
  const [texts, setTexts] = useState<Record<string, string>>(() => textsOf(fields, conf));
  const known = Object.keys(conf).every((name) => fields.some((field) => field.name === name));
  const mode = search.mode ?? (fields.length && known ? "form" : "json");
  const [json, setJson] = useState(() => (Object.keys(conf).length ? JSON.stringify(conf, null, 2) : "{}"));
  const [runId, setRunId] = useState("");
  const [date, setDate] = useState("");
  const [note, setNote] = useState("");
  const [unpause, setUnpause] = useState(false);
  const typed = useMemo(() => confOf(fields, texts), [fields, texts]);
  const problem = mode === "json" ? jsonProblem(json) : Object.keys(typed.problems).length ? "Some values are not right." : "";
  const start = useMutation({
    mutationFn: async () => {
      const conf = mode === "json" ? (JSON.parse(json) as Record<string, unknown>) : typed.conf;
      const body: api.TriggerBody = { conf };
      if (runId) body.dag_run_id = runId;
      // Airflow asks for the field: null is "none".
      body.logical_date = fromInput(date);
      if (note) body.note = note;
      const made = await api.trigger(dag.dag_id, body);
      if (unpause) await api.setPaused(dag.dag_id, false);
      return made;
    },
    onSuccess: (run) => {
      done(`${run.dag_run_id} is made`);
      void client.invalidateQueries({ queryKey: ["grid", dag.dag_id] });
      void navigate({ to: "/dags/$dagId/runs/$runId", params: { dagId: dag.dag_id, runId: run.dag_run_id } });
    },
    onError: () => undefined,
  });
  const toJson = (to: string) => {
    if (to === "json" && mode === "form") setJson(JSON.stringify(typed.conf, null, 2));
    void navigate({
      to: "/dags/$dagId/trigger",
      params: { dagId: dag.dag_id },
      search: { ...search, mode: to as "form" | "json" },
      replace: true,
    });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!problem) start.mutate();
  };
  return (
    <Paper component="form" onSubmit={submit} maw={680} p="sm" mt="xs" withBorder>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2}>Trigger {dag.dag_id}</Title>
          {fields.length ? (
            <SegmentedControl
              aria-label="How"
              value={mode}
              onChange={toJson}
              data={[
                { value: "form", label: "Form" },
                { value: "json", label: "JSON" },
              ]}
            />
          ) : null}
        </Group>
        {like ? (
          <Text size="sm">
            With the values of{" "}
            <Link to="/dags/$dagId/runs/$runId" params={{ dagId: dag.dag_id, runId: like.dag_run_id }}>
              {like.dag_run_id}
            </Link>
            .
          </Text>
        ) : null}
        {mode === "form" ? (
          <Params
            fields={fields}
            texts={texts}
            problems={typed.problems}
            onChange={(name, text) => setTexts((before) => ({ ...before, [name]: text }))}
          />
        ) : (
          <Textarea
            label="Configuration (JSON)"
            autosize
            minRows={4}
            maxRows={20}
            value={json}
            error={jsonProblem(json)}
            onChange={(event) => setJson(event.currentTarget.value)}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
          <TextInput label="Run id" placeholder="made by the server" value={runId} onChange={(event) => setRunId(event.currentTarget.value)} />
          <TextInput
            type="datetime-local"
            step={1}
            label={`Logical date (${zone() === "UTC" ? "UTC" : "local"})`}
            description="Left empty: none"
            inputWrapperOrder={["label", "input", "description", "error"]}
            value={date}
            onChange={(event) => setDate(event.currentTarget.value)}
          />
        </SimpleGrid>
        <TextInput label="Note" value={note} maxLength={1000} onChange={(event) => setNote(event.currentTarget.value)} />
        {dag.is_paused ? (
          <Checkbox
            label="The DAG is paused: unpause it, otherwise the run waits"
            checked={unpause}
            onChange={(event) => setUnpause(event.currentTarget.checked)}
          />
        ) : null}
        {start.error ? (
          <Alert color="red" variant="light" role="alert">
            <Text size="sm">{start.error instanceof ApiError ? start.error.detail : String(start.error)}</Text>
          </Alert>
        ) : null}
        <Group>
          <Button type="submit" size="sm" loading={start.isPending} disabled={Boolean(problem)}>
            Trigger
          </Button>
          <Text size="sm" c="red">
            {problem}
          </Text>
        </Group>
      </Stack>
    </Paper>
  );
}

const NOTHING: Record<string, unknown> = {};

function jsonProblem(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? "" : "An object is needed: {…}";
  } catch (problem) {
    return problem instanceof Error ? problem.message : "This is not JSON.";
  }
}

interface ParamsProps {
  fields: Field[];
  texts: Record<string, string>;
  problems: Record<string, string>;
  onChange: (name: string, text: string) => void;
}

/** A field for each param, those of one section together; also for what a task asks of people. */
export function Params({ fields, texts, problems, onChange }: ParamsProps) {
  const sections = new Map<string, Field[]>();
  for (const field of fields) {
    const section = field.schema.section ?? "";
    sections.set(section, [...(sections.get(section) ?? []), field]);
  }
  return (
    <>
      {[...sections].map(([section, its]) => (
        <Stack key={section} gap="sm" component="fieldset" style={{ border: 0, padding: 0, margin: 0 }}>
          {section ? (
            <Title order={3} component={"legend" as "h3"}>
              {section}
            </Title>
          ) : null}
          {its.map((field) => (
            <Param
              key={field.name}
              field={field}
              text={texts[field.name] ?? shown(field, field.initial)}
              problem={problems[field.name]}
              onChange={(text) => onChange(field.name, text)}
            />
          ))}
        </Stack>
      ))}
    </>
  );
}

function Param({ field, text, problem, onChange }: { field: Field; text: string; problem?: string; onChange: (text: string) => void }) {
  const { schema, kind } = field;
  const common = {
    label: schema.title ?? field.name,
    description: schema.description ?? schema.description_md,
    error: problem,
    name: field.name,
  };
  if (kind === "boolean") {
    return <Checkbox {...common} checked={text === "true"} onChange={(event) => onChange(String(event.currentTarget.checked))} />;
  }
  const typed = { ...common, value: text, onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value) };
  if (kind === "choice") {
    const values = (schema.enum ?? []).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
    const data = values.map((value) => ({ value, label: schema.values_display?.[value] ?? value }));
    return <NativeSelect {...typed} data={field.nullable ? [{ value: "", label: "none" }, ...data] : data} />;
  }
  if (kind === "multiline" || kind === "list" || kind === "json") {
    const hint = kind === "list" ? "one per line" : kind === "json" ? "JSON" : undefined;
    return <Textarea {...typed} placeholder={hint} autosize minRows={2} maxRows={12} />;
  }
  const type = { number: "number", integer: "number", date: "date", datetime: "text" }[kind as string] ?? "text";
  return <TextInput {...typed} type={type} step={kind === "integer" ? 1 : "any"} />;
}
