/** The keys that most jobs need, as fields; all others are in the text. */
import { ActionIcon, Alert, Button, Checkbox, Group, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { changed, changedIn, isDoc, linesOf, mappingOf, type Doc, type NativeSchema } from "@/lib/jobDocument";
import { commandOf, typedOf } from "@/lib/words";
import { TypedField } from "./TypedField";
import classes from "./JobPage.module.css";

interface Props {
  doc: Doc;
  schema: NativeSchema;
  onChange: (doc: Doc) => void;
  /** Why the form does not write; empty: it does. */
  kept: string;
  onRewrite: () => void;
  readOnly: boolean;
}

const asText = (value: unknown): string => (value === undefined || value === null || typeof value === "object" ? "" : String(value));
const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : value ? [String(value)] : []);
const numeral = (text: string): unknown => (/^\d+$/.test(text.trim()) ? Number(text) : text.trim());

export function JobForm({ doc, schema, onChange, kept, onRewrite, readOnly }: Props) {
  const order = Object.keys(schema.properties);
  const tasks = Array.isArray(doc.Tasks) ? doc.Tasks.filter(isDoc) : [];
  const set = (name: string, value: unknown) => onChange(changed(doc, name, value, order));
  const setTasks = (next: Doc[]) => set("Tasks", next);
  const of = (doc[`Resources`] as Doc | undefined) ?? {};
  const amount = (kind: string, name: string) => asText((of[kind] as Doc | undefined)?.[name]);
  const setAmount = (kind: string, name: string) => (text: string) => onChange(changedIn(doc, ["Resources", kind, name], text.trim(), order));
  return (
    <fieldset disabled={Boolean(kept) || readOnly} className={classes.fields}>
      {kept ? (
        <Alert color="gray" variant="light" p="xs" mb="xs">
          <Text size="sm">{kept}</Text>
          <button type="button" className={classes.rewrite} onClick={onRewrite} hidden={kept.includes("several") || readOnly} disabled={false}>
            Let the form write it anew
          </button>
        </Alert>
      ) : null}
      <Stack gap="xs">
        <Group grow gap="xs" align="flex-start">
          <TextInput label="Name" required value={asText(doc.Name)} onChange={(event) => set("Name", event.currentTarget.value)} />
          <TextInput
            label="Schedule"
            placeholder="none: by hand"
            list="schedules"
            value={asText(doc.Schedule)}
            onChange={(event) => set("Schedule", event.currentTarget.value)}
          />
        </Group>
        <datalist id="schedules">
          {["@hourly", "@daily", "@weekly", "@monthly", "@every 1h30m", "0 6 * * 1-5"].map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        <TextInput label="Description" value={asText(doc.Description)} onChange={(event) => set("Description", event.currentTarget.value)} />
        <TextInput
          label="Image"
          placeholder="the runner's own"
          value={asText(doc.DockerImage)}
          onChange={(event) => set("DockerImage", event.currentTarget.value.trim())}
        />
        <Command doc={doc} onChange={(value) => set("Command", value)} label={tasks.length ? "Command of tasks that have none" : "Command"} />
        <TypedField
          label="Environment"
          rows={2}
          placeholder="NAME=value, one a line"
          shown={linesOf(doc.Env)}
          read={mappingOf}
          wrong="Each line needs NAME=value"
          onChange={(value) => set("Env", value)}
        />
        <Group grow gap="xs" align="flex-start">
          <TextInput label="Retries" inputMode="numeric" placeholder="0" value={asText(doc.Retries)} onChange={(event) => set("Retries", numeral(event.currentTarget.value))} />
          <TextInput label="Retry after" placeholder="5m" value={asText(doc.RetryDelay)} onChange={(event) => set("RetryDelay", numeral(event.currentTarget.value))} />
          <TextInput label="Time limit" placeholder="none" value={asText(doc.TimeLimit)} onChange={(event) => set("TimeLimit", numeral(event.currentTarget.value))} />
        </Group>
        <Group grow gap="xs" align="flex-start">
          <TextInput label="CPU asked for" placeholder="500m" value={amount("requests", "cpu")} onChange={(event) => setAmount("requests", "cpu")(event.currentTarget.value)} />
          <TextInput label="Memory asked for" placeholder="256Mi" value={amount("requests", "memory")} onChange={(event) => setAmount("requests", "memory")(event.currentTarget.value)} />
          <TextInput label="Memory at most" placeholder="1Gi" value={amount("limits", "memory")} onChange={(event) => setAmount("limits", "memory")(event.currentTarget.value)} />
        </Group>
        <Group grow gap="xs" align="flex-start">
          <TextInput label="Namespace" placeholder="the daemon's" value={asText(doc.Namespace)} onChange={(event) => set("Namespace", event.currentTarget.value.trim())} />
          <TextInput label="Service account" value={asText(doc.ServiceAccount)} onChange={(event) => set("ServiceAccount", event.currentTarget.value.trim())} />
          <TextInput label="Time zone" placeholder="UTC" value={asText(doc.Timezone)} onChange={(event) => set("Timezone", event.currentTarget.value.trim())} />
        </Group>
        <TypedField
          label="Tags"
          placeholder="words, with commas between"
          shown={list(doc.Tags).join(", ")}
          read={(text) => text.split(",").map((one) => one.trim()).filter(Boolean)}
          onChange={(value) => set("Tags", value)}
        />
        <Group gap="lg">
          <Checkbox
            label="Begins at once, not paused"
            checked={doc.Paused === false}
            onChange={(event) => set("Paused", event.currentTarget.checked ? false : undefined)}
          />
          <Checkbox label="Catch up on what was missed" checked={doc.Catchup === true} onChange={(event) => set("Catchup", event.currentTarget.checked || undefined)} />
        </Group>
        <Group justify="space-between">
          <Title order={2}>{tasks.length ? `${tasks.length} ${tasks.length === 1 ? "task" : "tasks"}` : "One task"}</Title>
          <Button
            variant="default"
            leftSection={<IconPlus size={14} />}
            onClick={() => setTasks([...tasks, { Name: freeName(tasks), ...(tasks.length ? { DependsOn: asText(tasks.at(-1)?.Name) } : {}) }])}
          >
            Add task
          </Button>
        </Group>
        {tasks.map((task, at) => (
          <TaskFields
            key={at}
            task={task}
            others={tasks.filter((one) => one !== task).map((one) => asText(one.Name))}
            order={Object.keys(schema.properties.Tasks?.items?.properties ?? {})}
            onChange={(next) => setTasks(tasks.map((one, place) => (place === at ? next : one)))}
            onRemove={() => setTasks(tasks.filter((_, place) => place !== at))}
          />
        ))}
      </Stack>
    </fieldset>
  );
}

function freeName(tasks: Doc[]): string {
  const there = new Set(tasks.map((one) => one.Name));
  let number = tasks.length + 1;
  while (there.has(`task-${number}`)) number += 1;
  return `task-${number}`;
}

interface TaskProps {
  task: Doc;
  others: string[];
  order: string[];
  onChange: (task: Doc) => void;
  onRemove: () => void;
}

function TaskFields({ task, others, order, onChange, onRemove }: TaskProps) {
  const set = (name: string, value: unknown) => onChange(changed(task, name, value, order));
  const after = list(task.DependsOn);
  const name = asText(task.Name);
  return (
    <Paper withBorder p="xs" component="fieldset" className={classes.task}>
      <legend className="visually-hidden">Task {name}</legend>
      <Stack gap={6}>
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput label="Task" flex={1} value={name} onChange={(event) => set("Name", event.currentTarget.value)} />
          <TextInput label="Image" flex={1} placeholder="the job's" value={asText(task.DockerImage)} onChange={(event) => set("DockerImage", event.currentTarget.value.trim())} />
          <ActionIcon onClick={onRemove} aria-label={`Remove ${name}`}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
        <Command doc={task} onChange={(value) => set("Command", value)} label="Command" />
        {others.length ? (
          <Checkbox.Group
            label="After"
            size="xs"
            value={after}
            onChange={(value) => set("DependsOn", value.length === 1 ? value[0] : value)}
          >
            <Group gap="md" mt={2}>
              {others.map((one) => (
                <Checkbox key={one} value={one} label={one} />
              ))}
            </Group>
          </Checkbox.Group>
        ) : null}
      </Stack>
    </Paper>
  );
}

function Command({ doc, onChange, label }: { doc: Doc; onChange: (command: string[]) => void; label: string }) {
  const typed = typedOf(list(doc.Command));
  return (
    <div>
      <TypedField
        label={label}
        rows={1}
        mono
        placeholder="the image's own"
        shown={typed.text}
        read={(text) => commandOf({ text, shell: typed.shell })}
        wrong="A quote is open"
        onChange={onChange}
      />
      <Checkbox
        mt={4}
        label="A shell runs it: pipes, variables, &&"
        checked={typed.shell}
        onChange={(event) => onChange(event.currentTarget.checked ? ["sh", "-c", typed.text || "true"] : (commandOf({ text: typed.text, shell: false }) ?? [typed.text]))}
      />
    </div>
  );
}
