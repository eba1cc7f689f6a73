import { expect, it } from "vitest";
import { eventWords, whoWords } from "./eventWords";

it("tells an event without the keys of the database", () => {
  expect(eventWords({ ti: 24, from: "running", to: "success", reason: "" })).toBe("running → success");
  expect(eventWords({ id: 9, from: "running", to: "failed", reason: "failed" })).toBe("running → failed");
  expect(eventWords({ launch_id: "01a2", from: "created", to: "ended", reason: "OOMKilled", exit_code: 137 })).toBe(
    "created → ended: OOMKilled, exit code: 137",
  );
  expect(eventWords({ name: "region" })).toBe("name: region");
  expect(eventWords({ to: "queued" })).toBe("queued");
  expect(eventWords({ launch_id: "01a2" }, true)).toBe("launch id: 01a2");
  expect(eventWords({})).toBe("");
});

it("names who has done it", () => {
  expect(whoWords("user:admin")).toBe("user:admin");
  expect(whoWords("13653:220106")).toBe("its process");
  expect(whoWords("7b0bd3a4-28a7-4f43-9d7e-0a1b2c3d4e5f")).toBe("its pod");
  expect(whoWords(null)).toBe("");
});
