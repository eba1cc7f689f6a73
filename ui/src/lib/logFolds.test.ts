import { describe, expect, it } from "vitest";
import { around, foldedLines, groupsOf } from "./logFolds";

describe("groups of a log", () => {
  it("stand in each other, and are none before they are closed", () => {
    expect(groupsOf([1, 3, 10], [5, 8])).toEqual([
      { begin: 1, end: 8 },
      { begin: 3, end: 5 },
    ]);
    expect(groupsOf([], [4])).toEqual([]);
  });

  it("hide what is in them, each line has its row and each row its line", () => {
    const groups = groupsOf([1, 3, 10], [5, 8, 12]);
    const seen = (closed: number[], count = 15) => {
      const folded = foldedLines(count, groups, (group) => closed.includes(group.begin));
      const lines = Array.from({ length: folded.rows }, (_, row) => folded.lineOf(row));
      lines.forEach((line, row) => expect(folded.rowOf(line)).toBe(row));
      return lines;
    };
    expect(seen([])).toHaveLength(15);
    expect(seen([1])).toEqual([0, 1, 9, 10, 11, 12, 13, 14]);
    expect(seen([3])).toEqual([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(seen([1, 3, 10])).toEqual([0, 1, 9, 10, 13, 14]);
    const folded = foldedLines(15, groups, () => true);
    expect([2, 5, 8, 11, 12].map(folded.rowOf)).toEqual([1, 1, 1, 3, 3]);
    expect(around(groups, 4).map((group) => group.begin)).toEqual([1, 3]);
    expect(around(groups, 1)).toEqual([]);
  });

  it("cost little among a million lines", () => {
    const begins = Array.from({ length: 10_000 }, (_, at) => at * 100);
    const groups = groupsOf(begins, begins.map((begin) => begin + 90));
    const folded = foldedLines(1_000_000, groups, () => true);
    expect(folded.rows).toBe(100_000);
    expect(folded.lineOf(99_999)).toBe(999_999);
    expect(folded.rowOf(999_999)).toBe(99_999);
  });
});
