import { describe, expect, it } from "vitest";
import { mayHaveMore, saidOf } from "./podEvents";

const one = { reason: "BackOff" };

describe("what is said beside the events of a start", () => {
  it.each([
    ["nothing where Kubernetes has told them", [one], null, false, null],
    ["nothing where it has none and none were kept", [], null, false, null],
    ["that they were kept", [one], null, true, "These were kept with the attempt: Kubernetes has none of it any more."],
    [
      "why it has told none, and that they were kept",
      [one],
      "the API server gives no events: away.",
      true,
      "The API server gives no events: away. These were kept with the attempt.",
    ],
    ["why there are none", [], "it is a process of this machine: there is no pod", false, "It is a process of this machine: there is no pod."],
  ])("%s", (_, events, reason, kept, words) => {
    expect(saidOf({ events, reason, kept })).toBe(words);
  });

  it("is not asked for again once nothing is left of it", () => {
    expect(["planned", "claimed", "ended", "lost", "cleaned", undefined].filter(mayHaveMore)).toHaveLength(5);
  });
});
