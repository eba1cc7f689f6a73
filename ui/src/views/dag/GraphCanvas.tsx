/** React Flow over what elk has laid out. */
import { useComputedColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import {
  Background,
  Controls,
  Handle,
  MiniMap,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeProps,
  type ReactFlowInstance,
} from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { memo, useEffect, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent, type RefObject } from "react";
import type { GraphAnswer, TaskColumns } from "@/api/types";
import { graphOf, type Graph as GraphShape, type GraphNode } from "@/lib/graph";
import { lookOf, WEIGHTS, lookOfLetter } from "@/lib/states";
import type { Folds } from "@/lib/address";
import { openNow, treeOf, turnedOver } from "@/lib/tree";
import { Failure, Waiting } from "@/parts/Says";
import { StateMark } from "@/parts/State";
import classes from "./GraphView.module.css";
import { placesOf, type Placed } from "./layout";

interface Data extends Record<string, unknown> {
  node: GraphNode;
  state: string | null;
  across: boolean;
}

const colourOf = (state: string | null): CSSProperties =>
  ({ "--color": state === null ? "var(--line)" : lookOf(state).color }) as CSSProperties;

const Box = memo(function Box({ data }: NodeProps<Node<Data>>) {
  const { node, state, across } = data;
  if (node.open) {
    return (
      <div className={classes.open}>
        <div className={classes.openLabel}>▾ {node.label}</div>
        <Handle type="target" position={across ? Position.Top : Position.Left} className={classes.handle} />
        <Handle type="source" position={across ? Position.Bottom : Position.Right} className={classes.handle} />
      </div>
    );
  }
  return (
    <div className={node.kind === "group" ? classes.group : classes.task} style={colourOf(state)}>
      <div className={classes.label}>
        {state === null ? null : <StateMark state={state} />}
        <span title={node.label}>
          {node.kind === "group" ? "▸ " : ""}
          {node.label}
        </span>
      </div>
      <div className={classes.detail}>{node.detail}</div>
      <Handle type="target" position={across ? Position.Top : Position.Left} className={classes.handle} />
      <Handle type="source" position={across ? Position.Bottom : Position.Right} className={classes.handle} />
    </div>
  );
});
const TYPES = { box: Box };
const FIT = { padding: 0.1, maxZoom: 1.1 };

interface Props {
  dagId: string;
  runId?: string;
  answer: GraphAnswer;
  tasks?: TaskColumns;
  across: boolean;
  /** Which groups are open, where the address keeps it. */
  folds?: Folds;
  onFold?: (folds: Folds) => void;
}

interface Layout {
  graph: GraphShape;
  places: Map<string, Placed>;
  across: boolean;
}

export function Graph({ dagId, runId, answer, tasks, across, folds, onFold }: Props) {
  const navigate = useNavigate();
  const scheme = useComputedColorScheme("light");
  const [own, setOwn] = useState<Folds>({});
  const { groups, turned } = folds ?? own;
  const open = useMemo(() => openNow(treeOf(answer.structure), { groups, turned }), [answer.structure, groups, turned]);
  const [layout, setLayout] = useState<Layout | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const flow = useRef<ReactFlowInstance<Node<Data>, Edge>>(null);
  useFitting(box, flow, layout !== null);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    let stale = false;
    const graph = graphOf(answer, open);
    placesOf(graph, across).then(
      (places) => !stale && (setProblem(null), setLayout({ graph, places, across })),
      (why: unknown) => !stale && setProblem(why),
    );
    return () => {
      stale = true;
    };
  }, [answer, open, across]);

  const states = useMemo(() => statesOf(answer, tasks), [answer, tasks]);
  const nodes = useMemo(() => (layout ? nodesOf(layout, states) : []), [layout, states]);
  const edges = useMemo(() => (layout ? flowEdges(layout.graph) : []), [layout]);
  if (problem) return <Failure problem={problem} />;
  if (!layout) return <Waiting label="Laying out the graph" />;

  const onNode = (node: GraphNode) => {
    if (node.kind === "group") {
      (onFold ?? setOwn)(turnedOver({ groups, turned }, node.id.slice("group:".length)));
    } else if (runId && tasks?.task_id.includes(node.id)) {
      const copy = tasks.map_index[tasks.task_id.indexOf(node.id)];
      const map = copy !== undefined && copy >= 0 ? copy : undefined;
      void navigate({
        to: "/dags/$dagId/runs/$runId/tasks/$taskId",
        params: { dagId, runId, taskId: node.id },
        search: { map },
      });
    }
  };
  const onKey = (event: KeyboardEvent) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id;
    const node = id === undefined ? undefined : layout.graph.nodes.find((one) => one.id === id);
    if (node && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      onNode(node);
    }
  };
  return (
    <div className={classes.canvas} data-testid="graph" ref={box} onKeyDown={onKey}>
      <ReactFlow
        key={String(layout.across)}
        onInit={(made) => {
          flow.current = made;
        }}
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        colorMode={scheme}
        fitView
        fitViewOptions={FIT}
        minZoom={0.03}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        onlyRenderVisibleElements
        onNodeClick={(_, node) => onNode((node.data as Data).node)}
        proOptions={{ hideAttribution: true }}
      >
        <Background gap={22} />
        <Controls showInteractive={false} />
        {nodes.length > 25 ? (
          <MiniMap pannable zoomable nodeColor={(node) => lookOf((node.data as Data).state).color} ariaLabel="Overview" />
        ) : null}
      </ReactFlow>
    </div>
  );
}

/** Fit the graph to its room whenever that becomes another. */
function useFitting(
  box: RefObject<HTMLDivElement | null>,
  flow: RefObject<ReactFlowInstance<Node<Data>, Edge> | null>,
  there: boolean,
): void {
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let width = element.clientWidth;
    const resize = new ResizeObserver(() => {
      if (Math.abs(element.clientWidth - width) < 0.1 * width) return;
      width = element.clientWidth;
      requestAnimationFrame(() => void flow.current?.fitView(FIT));
    });
    resize.observe(element);
    return () => resize.disconnect();
  }, [box, flow, there]);
}

/** Task place to its state: of a mapped task the one that stands for its copies. */
function statesOf(answer: GraphAnswer, tasks: TaskColumns | undefined): (string | null)[] {
  if (!tasks) return [];
  const places = new Map(answer.structure.tasks.id.map((id, at) => [id, at]));
  const out: (string | null)[] = [];
  tasks.task_id.forEach((id, at) => {
    const place = places.get(id);
    if (place !== undefined) out[place] = heavier(out[place] ?? null, tasks.state[at] ?? "none");
  });
  return out;
}

const weight = new Map([...WEIGHTS].map((letter, at) => [lookOfLetter(letter).name, at]));
function heavier(one: string | null, other: string): string {
  if (one === null) return other;
  return (weight.get(one) ?? 99) <= (weight.get(other) ?? 99) ? one : other;
}

function nodesOf({ graph, places, across }: Layout, states: (string | null)[]): Node<Data>[] {
  return graph.nodes.map((node) => {
    const place = places.get(node.id) ?? { x: 0, y: 0, width: node.width, height: node.height };
    let state: string | null = null;
    for (const task of node.tasks) if (states[task]) state = heavier(state, states[task] as string);
    return {
      id: node.id,
      type: "box",
      position: { x: place.x, y: place.y },
      width: place.width,
      height: place.height,
      parentId: node.parent ?? undefined,
      data: { node, state, across },
      zIndex: node.open ? 0 : 1,
      ariaLabel: `${node.kind} ${node.label}${state ? `, ${lookOf(state).label}` : ""}`,
    };
  });
}

function flowEdges(graph: GraphShape): Edge[] {
  return graph.edges.map((edge) => ({
    id: edge.id,
    source: edge.from,
    target: edge.to,
    label: edge.label || undefined,
    type: "default",
    zIndex: 1,
    style: { strokeWidth: edge.count > 1 ? 2 : 1.3 },
    markerEnd: { type: "arrowclosed" as never, width: 14, height: 14 },
  }));
}
