import { expect, it } from "vitest";
import { diffRows } from "./diff";

it("numbers both sides of a diff", () => {
  const rows = diffRows("--- version 1\n+++ version 2\n@@ -3,3 +3,3 @@\n same\n-old\n--- was a comment\n+new\n");
  expect(rows).toEqual([
    { kind: "hunk", text: "@@ -3,3 +3,3 @@", old: null, new: null },
    { kind: "same", text: "same", old: 3, new: 3 },
    { kind: "removed", text: "old", old: 4, new: null },
    { kind: "removed", text: "-- was a comment", old: 5, new: null },
    { kind: "added", text: "new", old: null, new: 4 },
  ]);
});
