import { describe, expect, it } from "vitest";
import { ceiling, cpus, curves, type UsageSeries } from "./usage";

const launch = (at: number[], cpu_seconds: number[], memory_bytes: number[]): UsageSeries => ({
  launch_id: "l",
  source: "kubelet",
  at,
  cpu_seconds,
  memory_bytes,
});

describe("curves", () => {
  it("makes rates of CPU seconds", () => {
    expect(curves([launch([10, 20, 40], [1, 6, 6], [5, 7, 6])])).toEqual({
      at: [10, 20, 40],
      cpus: [null, 0.5, 0],
      memory: [5, 7, 6],
    });
  });
  it("puts launches one after the other with a gap between them", () => {
    const found = curves([launch([100, 110], [0, 10], [1, 1]), launch([10, 20], [0, 5], [2, 2])]);
    expect(found.at).toEqual([10, 20, 60, 100, 110]);
    expect(found.cpus).toEqual([null, 0.5, null, null, 1]);
    expect(found.memory).toEqual([2, 2, null, 1, 1]);
  });
  it("never goes back in time", () => {
    expect(curves([launch([10, 30], [0, 1], [1, 1]), launch([20, 40], [0, 1], [2, 2])]).at).toEqual([10, 30, 40]);
  });
  it("knows nothing of nothing", () => {
    expect(curves([])).toEqual({ at: [], cpus: [], memory: [] });
  });
});

describe("ceiling", () => {
  it.each([
    [[1, 2], [], 2 * 1.08],
    [[1, 2], [4], 4 * 1.08],
    [[1, 2], [100], 2 * 1.08],
    [[null], [null, 3], 3 * 1.08],
    [[], [], 1],
  ])("of %j with lines at %j", (values, lines, expected) => {
    expect(ceiling(values, lines)).toBeCloseTo(expected);
  });
});

describe("cpus", () => {
  it.each([
    [0.25, "0.25 CPU"],
    [1, "1 CPU"],
    [2, "2 CPUs"],
    [12.4, "12 CPUs"],
    [null, ""],
  ])("%j", (amount, words) => {
    expect(cpus(amount)).toBe(words);
  });
});
