import { expect, it } from "vitest";
import { reasonOf } from "./TaskTable";

it("says why a task stands as it does, once", () => {
  expect(reasonOf("OOMKilled", "OOMKilled: asked for more than 64Mi", 137, "failed")).toBe(
    "OOMKilled: asked for more than 64Mi: exit code 137",
  );
  expect(reasonOf("Exception", "ValueError: no", 1, "failed")).toBe("Exception: ValueError: no: exit code 1");
  expect(reasonOf(null, "waits for a slot of pool p", null, "scheduled")).toBe("waits for a slot of pool p");
  expect(reasonOf("Exception", "of an earlier try", 1, "success")).toBe("");
});
