/** Where the nodes of a graph stand: elk, in a worker of its own, so that the page stays quick meanwhile. */
import ELK, { type ElkNode } from "elkjs/lib/elk-api";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import type { Graph } from "@/lib/graph";

export interface Placed {
  x: number;
  y: number;
  width: number;
  height: number;
}

let elk: InstanceType<typeof ELK> | undefined;

const ROOT = {
  "elk.algorithm": "layered",
  "elk.hierarchyHandling": "INCLUDE_CHILDREN",
  "elk.layered.spacing.nodeNodeBetweenLayers": "48",
  "elk.spacing.nodeNode": "18",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
};
const MANY = 400;

/** The place of each node, relative to the group that it is in. Raises when elk finds none. */
export async function placesOf(graph: Graph, across: boolean): Promise<Map<string, Placed>> {
  elk ??= new ELK({ workerUrl });
  const nodes = new Map<string, ElkNode>();
  const root: ElkNode = {
    id: "root",
    layoutOptions: {
      ...ROOT,
      "elk.direction": across ? "DOWN" : "RIGHT",
      ...(graph.nodes.length > MANY ? { "elk.layered.nodePlacement.strategy": "SIMPLE", "elk.layered.thoroughness": "2" } : {}),
    },
    children: [],
    edges: graph.edges.map((edge) => ({ id: edge.id, sources: [edge.from], targets: [edge.to] })),
  };
  for (const node of graph.nodes) {
    const made: ElkNode =
      node.kind === "group" && node.open
        ? { id: node.id, children: [], layoutOptions: { "elk.padding": "[top=34,left=14,bottom=14,right=14]" } }
        : { id: node.id, width: node.width, height: node.height };
    nodes.set(node.id, made);
    (node.parent ? nodes.get(node.parent) : root)?.children?.push(made);
  }
  const laid = await elk.layout(root);
  const out = new Map<string, Placed>();
  const take = (node: ElkNode): void => {
    for (const child of node.children ?? []) {
      out.set(child.id, { x: child.x ?? 0, y: child.y ?? 0, width: child.width ?? 0, height: child.height ?? 0 });
      take(child);
    }
  };
  take(laid);
  return out;
}
