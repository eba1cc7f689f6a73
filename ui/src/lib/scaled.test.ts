import { describe, expect, it } from "vitest";
import { HEIGHT_MOST, heightOf, lineAt, scrollFor, windowAt } from "./scaled";

const few = { count: 1000, lineHeight: 18, viewport: 600 };
const many = { count: 5_000_000, lineHeight: 18, viewport: 600 };

describe("the window on many lines", () => {
  it("is one pixel for one pixel while there is room", () => {
    expect(heightOf(few)).toBe(18_000);
    expect(windowAt(1800, { ...few, over: 0 })).toEqual({ first: 100, last: 134, top: 1800 });
  });
  it("reaches the last line of five millions", () => {
    expect(heightOf(many)).toBe(HEIGHT_MOST);
    const end = windowAt(HEIGHT_MOST - many.viewport, many);
    expect(end.last).toBe(many.count);
    expect(windowAt(0, many).first).toBe(0);
  });
  it("finds its way back", () => {
    for (const line of [0, 1234, 2_500_000, 4_999_900]) {
      expect(Math.abs(lineAt(scrollFor(line, many), many) - line)).toBeLessThan(0.01);
    }
    expect(scrollFor(999, few)).toBe(18_000 - 600);
  });
});
