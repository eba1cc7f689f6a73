import { expect, it } from "vitest";
import { counted, measured, remembered, type Told } from "./figures";

const told = (at: number, count: number, sum: number, decisions: number): Told => ({
  at,
  figures: { lag: { count, sum }, counts: { decisions } },
});

it("tells what came in the last minute", () => {
  let history: Told[] = [];
  for (const one of [told(0, 10, 1, 100), told(30_000, 10, 1, 100), told(60_000, 14, 3, 220), told(61_000, 14, 3, 222)]) history = remembered(history, one);
  expect(history.map((one) => one.at)).toEqual([0, 30_000, 60_000, 61_000]);
  history = remembered(history, told(95_000, 14, 3, 222));
  expect(history.map((one) => one.at)).toEqual([30_000, 60_000, 61_000, 95_000]);
  expect(measured(history, "lag")).toEqual({ lately: 0.5, ever: 3 / 14, rate: 4 / 65 });
  expect(counted(history, "decisions")).toBe(122 / 65);
});

it("knows nothing of what was not measured, and begins anew with the server", () => {
  expect(measured([], "lag")).toEqual({ lately: null, ever: null, rate: null });
  const history = remembered([told(0, 10, 1, 100)], told(3000, 1, 1, 2));
  expect(history).toHaveLength(1);
  expect(measured(history, "lag")).toEqual({ lately: null, ever: 1, rate: null });
});
