/** The grid's rows: a DAG's groups and tasks as a tree, folded or not, and what a folded group shows for a run. */
import type { GridAnswer, Structure } from "@/api/types";
import type { Folds } from "./address";
import { ABSENT, worst } from "./states";

export interface Row {
  kind: "group" | "task" | "copy";
  /** Unique among the rows. */
  key: string;
  label: string;
  depth: number;
  /** The place of the group, or of the task; of a copy its task's. */
  place: number;
  mapIndex: number;
  /** Groups, and mapped tasks. */
  folds: boolean;
  open: boolean;
}

export interface Tree {
  structure: Structure;
  gone: string[];
  /** Group place to what is in it, in display order: tasks as their place, groups as -1 - place. -1 is the root. */
  children: Map<number, number[]>;
  /** Group place to the places of all tasks below it. */
  tasksBelow: Map<number, number[]>;
}

export function treeOf(structure: Structure, gone: string[] = []): Tree {
  const children = new Map<number, number[]>([[-1, []]]);
  const tasksBelow = new Map<number, number[]>();
  const placed = new Set<number>();
  const { parent } = structure.groups;
  const listed = (group: number): number[] => {
    let found = children.get(group);
    if (!found) children.set(group, (found = []));
    return found;
  };
  const place = (group: number): void => {
    if (group < 0 || placed.has(group)) return;
    placed.add(group);
    const above = parent[group] ?? -1;
    place(above); // a group stands where the first of its tasks does
    listed(above).push(-1 - group);
  };
  structure.tasks.id.forEach((_, task) => {
    const group = structure.tasks.group[task] ?? -1;
    place(group);
    listed(group).push(task);
    for (let above = group; above >= 0; above = parent[above] ?? -1) {
      const below = tasksBelow.get(above);
      if (below) below.push(task);
      else tasksBelow.set(above, [task]);
    }
  });
  const first = structure.tasks.id.length;
  gone.forEach((_, index) => listed(-1).push(first + index));
  return { structure, gone, children, tasksBelow };
}

/** The id of the task at PLACE, one that is gone included. */
export function taskId(tree: Tree, place: number): string {
  const known = tree.structure.tasks.id;
  return known[place] ?? tree.gone[place - known.length] ?? "";
}

const FOLD_ABOVE = 60;
/** Groups that are open at first: all of a small DAG, none of a large one. */
export function openAtFirst(tree: Tree): Set<string> {
  return tree.structure.tasks.id.length <= FOLD_ABOVE ? new Set(tree.structure.groups.id) : new Set();
}

/** The groups and mapped tasks that are open. */
export function openNow(tree: Tree, { groups, turned = [] }: Folds): Set<string> {
  const open = groups === "open" ? new Set(tree.structure.groups.id) : groups === "folded" ? new Set<string>() : openAtFirst(tree);
  for (const id of turned) if (!open.delete(id)) open.add(id);
  return open;
}

/** FOLDS with ID turned over. */
export function turnedOver(folds: Folds, id: string): Folds {
  const before = folds.turned ?? [];
  const turned = before.includes(id) ? before.filter((one) => one !== id) : [...before, id];
  return { groups: folds.groups, turned: turned.length ? turned : undefined };
}

/** The rows that are to be seen. OPEN: ids of open groups and mapped tasks; COPIES: how many copies a task has. */
export function rowsOf(tree: Tree, open: ReadonlySet<string>, copies: ReadonlyMap<number, number>, filter = ""): Row[] {
  const out: Row[] = [];
  const wanted = filter.trim().toLowerCase();
  const { groups, tasks } = tree.structure;
  const matches = (task: number) => taskId(tree, task).toLowerCase().includes(wanted);
  const addTask = (task: number, depth: number) => {
    const id = taskId(tree, task);
    const count = copies.get(task) ?? 0;
    const isOpen = open.has(id) && count > 0;
    const label = wanted ? id : (tasks.label[task] ?? id);
    out.push({ kind: "task", key: id, label, depth, place: task, mapIndex: -1, folds: count > 0, open: isOpen });
    for (let index = 0; isOpen && index < count; index += 1) {
      const key = `${id}[${index}]`;
      const base = { label: `[${index}]`, depth: depth + 1, place: task, mapIndex: index, folds: false, open: false };
      out.push({ kind: "copy", key, ...base });
    }
  };
  const walk = (group: number, depth: number) => {
    for (const child of tree.children.get(group) ?? []) {
      if (child >= 0) {
        if (!wanted || matches(child)) addTask(child, wanted ? 0 : depth);
        continue;
      }
      const inner = -1 - child;
      const id = groups.id[inner] as string;
      const isOpen = open.has(id);
      if (!wanted) {
        const label = groups.label[inner] ?? id;
        out.push({ kind: "group", key: `${id}/`, label, depth, place: inner, mapIndex: -1, folds: true, open: isOpen });
      }
      if (isOpen || wanted) walk(inner, depth + 1);
    }
  };
  walk(-1, 0);
  return out;
}

/** What a group shows of a run: the letter of the worst of its tasks. */
export function groupLetter(tree: Tree, group: number, states: string): string {
  const below = tree.tasksBelow.get(group) ?? [];
  let letters = "";
  for (const task of below) letters += states[task] ?? ABSENT;
  return worst(letters);
}

/** How many copies each mapped task has at most, over all runs of the answer. */
export function copyCounts(answer: Pick<GridAnswer, "copies">): Map<number, number> {
  const out = new Map<number, number>();
  for (const [task, , counted] of answer.copies) {
    const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
    out.set(task, Math.max(out.get(task) ?? 0, total));
  }
  return out;
}

/** [task place, run index] as a key. */
export const cellKey = (task: number, run: number): string => `${task}:${run}`;

/** "3 success, 1 failed" of the copies of a mapped task in a run. */
export function copiesByCell(answer: Pick<GridAnswer, "copies">): Map<string, Record<string, number>> {
  return new Map(answer.copies.map(([task, run, counted]) => [cellKey(task, run), counted]));
}

/** Two answers for the same DAG, the second with older runs, as one. */
export function joinPages(pages: GridAnswer[]): GridAnswer | null {
  const [first, ...others] = pages;
  if (!first) return null;
  if (!others.length) return first;
  const width = first.structure?.tasks.id.length ?? 0;
  const gone = [...first.gone];
  const runs = Object.fromEntries(
    Object.entries(first.runs).map(([name, column]) => [name, [...(column as unknown[])]]),
  ) as unknown as GridAnswer["runs"];
  const states = [...first.states];
  const copies = [...first.copies];
  const known = new Set(runs.key);
  let more = first.more;
  for (const page of others) {
    const places = page.gone.map((id) => {
      const at = gone.indexOf(id);
      return at >= 0 ? at : gone.push(id) - 1;
    });
    const moved = (place: number) => (place < width ? place : width + (places[place - width] ?? 0));
    const columns = new Map<number, number>();
    page.runs.key.forEach((key, index) => {
      if (known.has(key)) return; // a new run has pushed it from one answer into the next
      known.add(key);
      columns.set(index, runs.key.length);
      for (const name of Object.keys(runs) as (keyof GridAnswer["runs"])[]) {
        (runs[name] as unknown[]).push(page.runs[name][index]);
      }
      states.push(movedText(page.states[index] ?? "", width, places, gone.length));
    });
    for (const [task, run, counted] of page.copies) {
      const column = columns.get(run);
      if (column !== undefined) copies.push([moved(task), column, counted]);
    }
    more = page.more;
  }
  return { ...first, runs, states, copies, gone, more };
}

function movedText(text: string, width: number, places: number[], goneCount: number): string {
  if (!places.length) return text;
  const tail = Array.from({ length: goneCount }, () => ABSENT);
  places.forEach((to, from) => (tail[to] = text[width + from] ?? ABSENT));
  return text.slice(0, width) + tail.join("");
}
