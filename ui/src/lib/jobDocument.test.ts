import { expect, it } from "vitest";
import { changed, changedIn, FIRST, keptFromForm, linesOf, mappingOf, spelled, type NativeSchema } from "./jobDocument";

const SCHEMA = { properties: { Name: {}, Schedule: {}, Tasks: { items: { properties: { Name: {}, DependsOn: {} } } } } } as unknown as NativeSchema;
const ORDER = ["Name", "Schedule", "Command", "Tasks"];

it("spells keys as the schema does, in tasks too", () => {
  expect(spelled({ name: "a", mine: 1, tasks: [{ NAME: "b", dependson: "a" }] }, SCHEMA)).toEqual({
    Name: "a",
    mine: 1,
    Tasks: [{ Name: "b", DependsOn: "a" }],
  });
});

it("changes one key, in its place, and leaves out what is empty", () => {
  expect(Object.keys(changed({ Command: ["a"], Name: "a" }, "Schedule", "@daily", ORDER))).toEqual(["Name", "Schedule", "Command"]);
  expect(changed({ Name: "a", Schedule: "@daily" }, "Schedule", "", ORDER)).toEqual({ Name: "a" });
  expect(changedIn({ Name: "a" }, ["Resources", "requests", "cpu"], "2", ORDER)).toEqual({ Name: "a", Resources: { requests: { cpu: "2" } } });
  expect(changedIn({ Resources: { requests: { cpu: "2" } } }, ["Resources", "requests", "cpu"], "", ORDER)).toEqual({});
});

it("writes what it begins with", () => {
  expect(FIRST).toBe('Name: my-job\nSchedule: "@daily"\nCommand:\n- sh\n- "-c"\n- echo hello\n');
});

it("says what it would not keep", () => {
  expect(keptFromForm(FIRST, 1)).toBe("");
  expect(keptFromForm('Name: a\nCommand: [echo, "#1 & *2"]\n', 1)).toBe("");
  expect(keptFromForm("# mine\nName: a\n", 1)).toContain("comments");
  expect(keptFromForm("Name: a\nEnv: &e {A: b}\nTasks: [{Env: *e}]\n", 1)).toContain("anchors");
  expect(keptFromForm("Name: a\n---\nName: b\n", 2)).toContain("several");
});

it("reads mappings line by line", () => {
  expect(mappingOf("A=1\n\nB=x=y\n")).toEqual({ A: "1", B: "x=y" });
  expect(linesOf({ A: 1, B: "x=y" })).toBe("A=1\nB=x=y");
  expect(mappingOf("A")).toBeNull();
});
