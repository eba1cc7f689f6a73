import { expect, it } from "vitest";
import { stepFor, ticks } from "./axis";

it("ticks on round moments", () => {
  expect(stepFor(9, 10)).toBe(1);
  expect(stepFor(3600, 8)).toBe(600);
  expect(stepFor(90 * 86400, 8)).toBe(1209600);
  expect(ticks(1500, 5500, 5)).toEqual([2000, 3000, 4000, 5000]);
});
