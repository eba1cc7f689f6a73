import { expect, it } from "vitest";
import { choicesAt } from "./completion";
import type { NativeSchema } from "./jobDocument";

const CONTAINER = {
  DockerImage: { type: "string", description: "container image" },
  RetryPolicy: { enum: ["Always", "Never"] },
  Resources: { type: "object", properties: { requests: { type: "object" }, limits: { type: "object" } } },
};
const SCHEMA = {
  properties: {
    Name: { type: "string" },
    Schedule: { anyOf: [{ type: "string" }, { type: "null" }] },
    Paused: { type: "boolean" },
    Retries: { type: "integer", default: 0 },
    Tasks: { type: "array", items: { type: "object", properties: { Name: {}, DependsOn: {}, ...CONTAINER } } },
    ...CONTAINER,
  },
} as unknown as NativeSchema;

/** The labels at the "|" of a text. */
const at = (text: string): string[] | null =>
  choicesAt(SCHEMA, text.replace("|", ""), text.indexOf("|"))?.options.map((one) => one.label) ?? null;

const TASK = ["Name", "DependsOn", "DockerImage", "RetryPolicy", "Resources"];

it.each([
  ["Na|", ["Name", "Schedule", "Paused", "Retries", "Tasks", "DockerImage", "RetryPolicy", "Resources"]],
  ["name: a\nPaused: true\n|", ["Schedule", "Retries", "Tasks", "DockerImage", "RetryPolicy", "Resources"]],
  ["Name: a\nTasks:\n  - |", TASK],
  ["Name: a\nTasks:\n- |", TASK],
  ["Name: a\nTasks:\n  - Name: b\n    |", ["DependsOn", "DockerImage", "RetryPolicy", "Resources"]],
  ["Name: a\nTasks:\n  - Name: b\n  - Name: c\n    Dep|", ["DependsOn", "DockerImage", "RetryPolicy", "Resources"]],
  ["Name: a\nResources:\n  |", ["requests", "limits"]],
  ["Tasks:\n  - Name: b\n    Resources:\n      |", ["requests", "limits"]],
  ["RetryPolicy: |", ["Always", "Never"]],
  ["Paused: t|", ["true", "false"]],
  ["Retries: |", ["0"]],
  ["Name: |", null],
  ["Command: [a, |", null],
])("completes %j", (text, labels) => {
  expect(at(text)).toEqual(labels);
});

it("proposes schedules in quotes, and begins where what is typed begins", () => {
  const found = choicesAt(SCHEMA, "Schedule: @d", 12);
  expect([found?.from, found?.options[1]?.apply]).toEqual([10, '"@daily"']);
});
