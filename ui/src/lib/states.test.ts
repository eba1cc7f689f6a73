import { describe, expect, it } from "vitest";
import { ABSENT, isOver, lookOf, lookOfLetter, STATE_NAMES, WEIGHTS, worst } from "./states";

describe("states", () => {
  it("has a weight for every letter", () => {
    expect(WEIGHTS.length).toBe(STATE_NAMES.length);
    for (const letter of WEIGHTS) expect(lookOfLetter(letter).name).not.toBe("");
  });
  it("takes the worst of several", () => {
    expect(worst("SSFS")).toBe("F");
    expect(worst("SSrS")).toBe("r");
    expect(worst("SkS")).toBe("S");
    expect(worst("  ")).toBe(ABSENT);
    expect(worst("")).toBe(ABSENT);
  });
  it("takes null for not begun", () => {
    expect(lookOf(null).label).toBe("not begun");
    expect(isOver(null)).toBe(false);
    expect(isOver("upstream_failed")).toBe(true);
  });
});
