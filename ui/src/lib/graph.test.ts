import { expect, it } from "vitest";
import type { GraphAnswer } from "@/api/types";
import { graphOf } from "./graph";

const answer: GraphAnswer = {
  reading: 1,
  structure: {
    groups: { id: ["g", "g.h"], label: ["g", "h"], parent: [-1, 0], mapped: [0, 0], tooltip: ["", ""] },
    tasks: {
      id: ["a", "g.b", "g.h.c", "d"],
      label: ["a", "b", "c", "d"],
      group: [-1, 0, 1, -1],
      operator: [0, 0, 0, 0],
      mapped: [0, 0, 1, 0],
      kind: ["", "", "", ""],
    },
    operators: ["BashOperator"],
  },
  edges: [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
    [1, 2],
  ],
  labels: { "a>g.b": "yes" },
};
const shape = (open: string[]) => {
  const graph = graphOf(answer, new Set(open));
  return {
    nodes: graph.nodes.map((node) => [node.id, node.parent]),
    edges: graph.edges.map((edge) => [edge.id, edge.count, edge.label]),
  };
};

it("shows a folded group as one node, its edges joined", () => {
  expect(shape([])).toEqual({
    nodes: [
      ["a", null],
      ["group:g", null],
      ["d", null],
    ],
    edges: [
      ["a>group:g", 2, "yes"],
      ["group:g>d", 2, ""],
    ],
  });
});

it("shows what is in open groups, and folded ones within them", () => {
  const { nodes, edges } = shape(["g"]);
  expect(nodes).toEqual([
    ["a", null],
    ["group:g", null],
    ["g.b", "group:g"],
    ["group:g.h", "group:g"],
    ["d", null],
  ]);
  expect(edges.map(([id]) => id)).toEqual(["a>g.b", "a>group:g.h", "g.b>d", "group:g.h>d", "g.b>group:g.h"]);
});

it("knows which tasks a node stands for", () => {
  const graph = graphOf(answer, new Set(["g", "g.h"]));
  expect(graph.nodes.find((node) => node.id === "group:g")?.tasks).toEqual([1, 2]);
  expect(graph.nodes.find((node) => node.id === "g.h.c")?.label).toBe("c [ ]");
});
