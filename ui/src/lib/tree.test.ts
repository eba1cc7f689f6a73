import { describe, expect, it } from "vitest";
import type { GridAnswer, Structure } from "@/api/types";
import { copyCounts, groupLetter, joinPages, openAtFirst, openNow, rowsOf, taskId, treeOf, turnedOver } from "./tree";

function structure(tasks: [string, number][], groups: [string, number][] = [], mapped: string[] = []): Structure {
  return {
    groups: {
      id: groups.map(([id]) => id),
      label: groups.map(([id]) => id),
      parent: groups.map(([, parent]) => parent),
      mapped: groups.map(() => 0),
      tooltip: groups.map(() => ""),
    },
    tasks: {
      id: tasks.map(([id]) => id),
      label: tasks.map(([id]) => id.split(".").at(-1) as string),
      group: tasks.map(([, group]) => group),
      operator: tasks.map(() => 0),
      mapped: tasks.map(([id]) => Number(mapped.includes(id))),
      kind: tasks.map(() => ""),
    },
    operators: ["BashOperator"],
  };
}

const nested = structure(
  [
    ["begin", -1],
    ["outer.inner.a", 1],
    ["outer.b", 0],
    ["end", -1],
  ],
  [
    ["outer", -1],
    ["outer.inner", 0],
  ],
);

function answer(keys: number[], states: string[], more: Partial<GridAnswer> = {}): GridAnswer {
  const texts = keys.map(String);
  const runs = {
    key: keys,
    dag_id: texts,
    run_id: texts,
    run_type: texts,
    state: texts,
    logical_date: texts,
    run_after: texts,
    queued_at: texts,
    start_date: texts,
    end_date: texts,
    note: texts,
    triggered_by: texts,
    version: keys,
  };
  return { reading: 1, runs, more: false, states, gone: [], copies: [], structure: nested, ...more };
}

describe("the tree of a DAG", () => {
  it("puts a group where its first task stands, and folds", () => {
    const tree = treeOf(nested);
    const rows = (open: string[]) => rowsOf(tree, new Set(open), new Map()).map((row) => [row.key, row.depth]);
    expect(rows([])).toEqual([
      ["begin", 0],
      ["outer/", 0],
      ["end", 0],
    ]);
    expect(rows(["outer", "outer.inner"])).toEqual([
      ["begin", 0],
      ["outer/", 0],
      ["outer.inner/", 1],
      ["outer.inner.a", 2],
      ["outer.b", 1],
      ["end", 0],
    ]);
  });
  it("is open at first only where it is small", () => {
    expect(openAtFirst(treeOf(nested))).toEqual(new Set(["outer", "outer.inner"]));
    const many = structure(Array.from({ length: 100 }, (_, n) => [`g.t${n}`, 0] as [string, number]), [["g", -1]]);
    expect(openAtFirst(treeOf(many)).size).toBe(0);
  });
  it("shows the worst of what is folded", () => {
    const tree = treeOf(nested);
    expect(groupLetter(tree, 0, "SFSS")).toBe("F");
    expect(groupLetter(tree, 1, "SSFS")).toBe("S");
    expect(groupLetter(tree, 0, "S  S")).toBe(" ");
  });
  it("finds tasks of folded groups by a part of their id", () => {
    const rows = rowsOf(treeOf(nested), new Set(), new Map(), "INNER");
    expect(rows.map((row) => [row.kind, row.label, row.depth])).toEqual([["task", "outer.inner.a", 0]]);
  });
  it("shows copies of a mapped task, and tasks that are gone", () => {
    const tree = treeOf(structure([["m", -1]], [], ["m"]), ["old"]);
    const rows = rowsOf(tree, new Set(["m"]), copyCounts({ copies: [[0, 0, { S: 1, F: 1 }]] }));
    expect(rows.map((row) => row.key)).toEqual(["m", "m[0]", "m[1]", "old"]);
    expect(taskId(tree, 1)).toBe("old");
  });
});

describe("pages of runs", () => {
  it("are joined, each run once", () => {
    const joined = joinPages([answer([3, 2], ["SSSS", "FFFF"]), answer([2, 1], ["FFFF", "kkkk"], { more: true })]);
    expect(joined?.runs.key).toEqual([3, 2, 1]);
    expect(joined?.states).toEqual(["SSSS", "FFFF", "kkkk"]);
    expect(joined?.more).toBe(true);
  });
  it("give each task that is gone one place", () => {
    const joined = joinPages([
      answer([3], ["SSSSx"], { gone: ["one"] }),
      answer([2, 1], ["SSSSFS", "SSSSSF"], { gone: ["two", "one"], copies: [[4, 1, { F: 2 }]] }),
    ]);
    expect(joined?.gone).toEqual(["one", "two"]);
    expect(joined?.states).toEqual(["SSSSx", "SSSSSF", "SSSSFS"]);
    expect(joined?.copies).toEqual([[5, 2, { F: 2 }]]);
  });
  it("are nothing when there are none", () => {
    expect(joinPages([])).toBeNull();
  });
});

describe("which groups are open", () => {
  it("is what the address says of all, but for those that are turned over", () => {
    const tree = treeOf(nested);
    expect([...openNow(tree, {})]).toEqual(["outer", "outer.inner"]);
    expect([...openNow(tree, { groups: "folded", turned: ["outer"] })]).toEqual(["outer"]);
    expect([...openNow(tree, { groups: "open", turned: ["outer", "mapped"] })]).toEqual(["outer.inner", "mapped"]);
    const once = turnedOver({ groups: "folded" }, "outer");
    expect(once).toEqual({ groups: "folded", turned: ["outer"] });
    expect(turnedOver(once, "outer").turned).toBeUndefined();
  });
});
