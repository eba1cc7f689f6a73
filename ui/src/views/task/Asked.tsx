/** What a task asks people, and the answer. */
import { Alert, Button, Checkbox, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import * as api from "@/api/calls";
import { ApiError } from "@/api/client";
import { useMay } from "@/api/session";
import type { JsonSchema, Question } from "@/api/types";
import { done } from "@/lib/notes";
import { fieldsOf, confOf } from "@/lib/params";
import type { Ref } from "@/parts/Effects";
import { At } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";
import { Params } from "../dag/Trigger";

export function Asked({ at }: { at: Ref }) {
  const query = useQuery({
    queryKey: ["question", at.dagId, at.runId, at.taskId, at.mapIndex],
    queryFn: ({ signal }) => api.question(at, { signal }),
  });
  return <Loaded query={query}>{(question) => <Form at={at} question={question} />}</Loaded>;
}

/** Params of a question come as values, or as ``{value, schema, description}``. */
function split(params: Record<string, unknown>): [Record<string, unknown>, Record<string, JsonSchema>] {
  const values: Record<string, unknown> = {};
  const schemas: Record<string, JsonSchema> = {};
  for (const [name, param] of Object.entries(params)) {
    const told = param as { value?: unknown; schema?: JsonSchema; description?: string } | null;
    if (told && typeof told === "object" && "schema" in told) {
      values[name] = told.value ?? null;
      schemas[name] = { ...told.schema, description: told.schema?.description ?? told.description };
    } else values[name] = param;
  }
  return [values, schemas];
}

export function Form({ at, question }: { at: Ref; question: Question }) {
  const client = useQueryClient();
  const may = useMay("operator");
  const [chosen, setChosen] = useState<string[]>(question.defaults ?? []);
  const [texts, setTexts] = useState<Record<string, string>>({});
  const fields = useMemo(() => fieldsOf(...split(question.params ?? {})), [question.params]);
  const typed = confOf(fields, texts);
  const answer = useMutation({
    mutationFn: (options: string[]) => {
      const input = Object.fromEntries(fields.map((field) => [field.name, field.name in typed.conf ? typed.conf[field.name] : field.initial]));
      return api.answer(at, { chosen_options: options, params_input: input });
    },
    onSuccess: () => {
      done("Answered");
      void client.invalidateQueries();
    },
    onError: () => undefined,
  });
  const closed = question.response_received || !may;
  return (
    <Paper withBorder p="sm">
      <Stack gap="xs">
        <Title order={3}>{question.subject}</Title>
        {question.body ? (
          <Text size="sm" style={{ whiteSpace: "pre-wrap" }}>
            {question.body}
          </Text>
        ) : null}
        {question.response_received ? (
          <Text size="sm">
            {question.responded_by_user?.name ?? "Nobody in time"} chose <b>{(question.chosen_options ?? []).join(", ")}</b>,{" "}
            <At at={question.responded_at} />
          </Text>
        ) : (
          <>
            <Params
              fields={fields}
              texts={texts}
              problems={typed.problems}
              onChange={(name, text) => setTexts((before) => ({ ...before, [name]: text }))}
            />
            {question.multiple ? (
              <Checkbox.Group value={chosen} onChange={setChosen} label="Choose">
                <Group mt={4}>
                  {question.options.map((option) => (
                    <Checkbox key={option} value={option} label={option} />
                  ))}
                </Group>
              </Checkbox.Group>
            ) : null}
            <Group gap="xs">
              {question.multiple ? (
                <Button disabled={closed || !chosen.length} loading={answer.isPending} onClick={() => answer.mutate(chosen)}>
                  Answer
                </Button>
              ) : (
                question.options.map((option) => (
                  <Button
                    key={option}
                    variant={question.defaults?.includes(option) ? "filled" : "default"}
                    disabled={closed}
                    loading={answer.isPending}
                    onClick={() => answer.mutate([option])}
                  >
                    {option}
                  </Button>
                ))
              )}
            </Group>
          </>
        )}
        {answer.error ? (
          <Alert color="red" variant="light" p="xs" role="alert">
            {answer.error instanceof ApiError ? answer.error.detail : String(answer.error)}
          </Alert>
        ) : null}
      </Stack>
    </Paper>
  );
}
