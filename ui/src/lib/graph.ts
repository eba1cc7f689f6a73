/** What is laid out of a DAG's graph: tasks and open groups as they are, a folded group as one node. */
import type { GraphAnswer } from "@/api/types";

export interface GraphNode {
  id: string;
  kind: "task" | "group";
  label: string;
  detail: string;
  parent: string | null;
  /** Of groups: whether what is in it is shown. */
  open: boolean;
  /** Places of the tasks that it stands for. */
  tasks: number[];
  width: number;
  height: number;
}

export interface GraphEdge {
  id: string;
  from: string;
  to: string;
  label: string;
  /** How many edges of the DAG it stands for. */
  count: number;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

const HEIGHT = 40;
const widthOf = (label: string, detail: string): number =>
  Math.round(Math.min(280, Math.max(110, label.length * 7.8 + 52, detail.length * 6 + 34))); // with the mark of its state

export function graphOf(answer: GraphAnswer, open: ReadonlySet<string>): Graph {
  const { groups, tasks } = answer.structure;
  // The outermost group above a task that is folded stands for it.
  const chains = groups.id.map((_, at) => chain(at, groups.parent));
  const folded = (group: number): number => {
    for (const above of group < 0 ? [] : (chains[group] as number[])) if (!open.has(groups.id[above] as string)) return above;
    return -1;
  };
  const nodes: GraphNode[] = [];
  const shownGroups = new Map<number, GraphNode>();
  const showGroup = (group: number): void => {
    if (shownGroups.has(group)) return;
    const parent = groups.parent[group] ?? -1;
    if (parent >= 0) showGroup(parent);
    const label = groups.label[group] ?? (groups.id[group] as string);
    const node: GraphNode = {
      id: `group:${groups.id[group]}`,
      kind: "group",
      label,
      detail: "",
      parent: parent < 0 ? null : `group:${groups.id[parent]}`,
      open: open.has(groups.id[group] as string),
      tasks: [],
      width: 0,
      height: HEIGHT,
    };
    shownGroups.set(group, node);
    nodes.push(node);
  };
  const standsFor: string[] = [];
  tasks.id.forEach((id, place) => {
    const group = tasks.group[place] ?? -1;
    const by = folded(group);
    const around = by >= 0 ? by : group;
    if (around >= 0) showGroup(around);
    for (let above = around; above >= 0; above = groups.parent[above] ?? -1) shownGroups.get(above)?.tasks.push(place);
    if (by >= 0) {
      standsFor.push(`group:${groups.id[by]}`);
      return;
    }
    const label = (tasks.label[place] ?? id) + (tasks.mapped[place] ? " [ ]" : "");
    const detail = answer.structure.operators[tasks.operator[place] ?? -1] ?? "";
    const parent = group < 0 ? null : `group:${groups.id[group]}`;
    nodes.push({ id, kind: "task", label, detail, parent, open: false, tasks: [place], width: widthOf(label, detail), height: HEIGHT });
    standsFor.push(id);
  });
  for (const node of shownGroups.values()) {
    if (node.open) continue;
    node.detail = `${node.tasks.length} tasks`;
    node.width = widthOf(node.label, node.detail);
  }
  return { nodes, edges: edgesOf(answer, standsFor) };
}

function chain(group: number, parents: number[]): number[] {
  const out: number[] = [];
  for (let above = group; above >= 0; above = parents[above] ?? -1) out.unshift(above);
  return out;
}

function edgesOf(answer: GraphAnswer, standsFor: string[]): GraphEdge[] {
  const { id } = answer.structure.tasks;
  const found = new Map<string, GraphEdge>();
  for (const [upper, lower] of answer.edges) {
    const from = standsFor[upper] as string;
    const to = standsFor[lower] as string;
    if (from === to) continue;
    const key = `${from}>${to}`;
    const label = answer.labels[`${id[upper]}>${id[lower]}`] ?? "";
    const known = found.get(key);
    if (known) {
      known.count += 1;
      known.label ||= label;
    } else found.set(key, { id: key, from, to, label, count: 1 });
  }
  return [...found.values()];
}
