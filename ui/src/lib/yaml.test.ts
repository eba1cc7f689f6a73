import { expect, it } from "vitest";
import { yaml } from "./yaml";

it("writes manifests as YAML", () => {
  const manifest = {
    apiVersion: "batch/v1",
    metadata: { name: "a-1", labels: { "goflow.io/dag": "true", empty: "" }, annotations: {} },
    spec: {
      backoffLimit: 0,
      containers: [{ command: ["sh", "-c", "echo one\necho two"], env: [] }, "x: y"],
    },
  };
  expect(yaml(manifest)).toBe(
    [
      "apiVersion: batch/v1",
      "metadata:",
      "  name: a-1",
      "  labels:",
      '    goflow.io/dag: "true"',
      '    empty: ""',
      "  annotations: {}",
      "spec:",
      "  backoffLimit: 0",
      "  containers:",
      "  - command:",
      "    - sh",
      '    - "-c"',
      "    - |-",
      "      echo one",
      "      echo two",
      "    env: []",
      '  - "x: y"',
    ].join("\n"),
  );
});

it("quotes what YAML would read otherwise", () => {
  expect(yaml({ a: "no", b: "1.5", c: "-x", d: null, e: 1.5, f: "it's: so" })).toBe(
    'a: "no"\nb: "1.5"\nc: "-x"\nd: null\ne: 1.5\nf: "it\'s: so"',
  );
});
