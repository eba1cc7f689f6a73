import { describe, expect, it } from "vitest";
import { isKept, ownPath } from "./jobPath";

describe("paths of job files", () => {
  it("tells what the database keeps, and how its author named it", () => {
    expect([isKept(".goflow-jobs/nightly/copy.yaml"), ownPath(".goflow-jobs/nightly/copy.yaml")]).toEqual([true, "nightly/copy.yaml"]);
    expect([isKept("nightly/copy.yaml"), ownPath("nightly/copy.yaml")]).toEqual([false, "nightly/copy.yaml"]);
  });
});
