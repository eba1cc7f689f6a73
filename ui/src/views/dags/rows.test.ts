import { expect, it } from "vitest";
import { picked, rowsOf, tally } from "./rows";

const rows = rowsOf({
  dag_id: ["alpha", "beta", "gamma"],
  name: ["alpha", "Second", "gamma"],
  description: [null, "counts words", null],
  is_paused: [false, true, false],
  schedule: ["@daily", "None", "None"],
  next: ["2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-15T00:00:00Z"],
  tags: [["x"], ["x", "y"], []],
  owners: [["ann"], ["bob"], ["ann"]],
  tasks: [1, 2, 3],
  namespace: ["", "", ""],
  file_path: ["a.py", "b.py", "c.py"],
  version: [1, 1, 1],
  hold_reason: [null, null, "a catch-up of 400 runs"],
  cronjob: [null, "placed", "watched"],
    strips: {},
  last: ["failed", null, "queued"],
});
const ids = (filter: Parameters<typeof picked>[1]) => picked(rows, filter).map((row) => row.dagId);

it("filters DAGs by words, tags, owners and state", () => {
  expect(ids({})).toEqual(["alpha", "beta", "gamma"]);
  expect(ids({ q: "COUNTS be" })).toEqual(["beta"]);
  expect(ids({ tags: ["x", "y"] })).toEqual(["beta"]);
  expect(ids({ owners: ["ann", "bob"] })).toEqual(["alpha", "beta", "gamma"]);
  expect(ids({ show: "failed" })).toEqual(["alpha"]);
  expect(ids({ show: "running" })).toEqual(["gamma"]);
  expect(ids({ show: "active" })).toEqual(["alpha", "gamma"]);
  expect(ids({ show: "held" })).toEqual(["gamma"]);
});

it("sorts by what comes next, paused ones last", () => {
  expect(ids({ sort: "next" })).toEqual(["gamma", "alpha", "beta"]);
});

it("counts tags", () => {
  expect(tally(rows, "tags")).toEqual([
    { value: "x", count: 2 },
    { value: "y", count: 1 },
  ]);
});
