/** The tasks of a run, with the reason of each in words. What went wrong stands first. */
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import type { RunAnswer } from "@/api/types";
import { lookOf, WEIGHTS, lookOfLetter } from "@/lib/states";
import { At, Took } from "@/parts/Moment";
import { StateBadge } from "@/parts/State";
import { VirtualTable, type Column } from "@/parts/VirtualTable";

export interface TaskRow {
  dagId: string;
  runId: string;
  id: string;
  map: number;
  label: string | null;
  state: string;
  tries: number;
  begin: string | null;
  end: string | null;
  reason: string;
  operator: string | null;
  note: string | null;
}

export function taskRows({ run, tasks }: RunAnswer): TaskRow[] {
  return tasks.task_id.map((id, at) => ({
    dagId: run.dag_id,
    runId: run.dag_run_id,
    id,
    map: tasks.map_index[at] ?? -1,
    label: tasks.label[at] ?? null,
    state: tasks.state[at] ?? "none",
    tries: tasks.try_number[at] ?? 0,
    begin: tasks.start_date[at] ?? null,
    end: tasks.end_date[at] ?? null,
    reason: reasonOf(tasks.reason[at] ?? null, tasks.message[at] ?? null, tasks.exit_code[at] ?? null, tasks.state[at] ?? "none"),
    operator: tasks.operator[at] ?? null,
    note: tasks.note[at] ?? null,
  }));
}

/** Why a task stands as it does; nothing for one that went well. */
export function reasonOf(reason: string | null, message: string | null, exitCode: number | null, state: string): string {
  if (state === "success" || state === "running") return "";
  const parts = [reason, message].filter((part): part is string => Boolean(part));
  const words = parts.length === 2 && parts[1]?.startsWith(parts[0] ?? "") ? [parts[1]] : parts;
  if (exitCode) words.push(`exit code ${exitCode}`);
  return words.join(": ");
}

const order = new Map([...WEIGHTS].map((letter, at) => [lookOfLetter(letter).name, at]));

const NAME: Column<TaskRow> = {
  title: "Task",
  width: "minmax(150px, 1.4fr)",
  cell: (row) => (
    <Link
      to="/dags/$dagId/runs/$runId/tasks/$taskId"
      params={{ dagId: row.dagId, runId: row.runId, taskId: row.id }}
      search={{ map: row.map < 0 ? undefined : row.map }}
      title={row.id}
    >
      {row.id}
      {row.map >= 0 ? `[${row.label ?? row.map}]` : ""}
    </Link>
  ),
};
const STATE: Column<TaskRow> = { title: "State", width: "140px", cell: (row) => <StateBadge state={row.state} /> };
const TOOK: Column<TaskRow> = { title: "Took", width: "84px", cell: (row) => <Took begin={row.begin} end={row.end} /> };
const WHY: Column<TaskRow> = {
  title: "Why",
  width: "minmax(140px, 2.4fr)",
  cell: (row) => <span title={row.reason}>{row.reason}</span>,
};
const FULL: Column<TaskRow>[] = [
  NAME,
  STATE,
  { title: "Tries", width: "46px", cell: (row) => row.tries || "", align: "right" },
  { title: "Began", width: "150px", cell: (row) => (row.begin ? <At at={row.begin} /> : "") },
  TOOK,
  { title: "Operator", width: "minmax(100px, 1fr)", cell: (row) => row.operator ?? "" },
  WHY,
];
const COMPACT = [NAME, STATE, TOOK, WHY];

export function TaskTable({ data, state, compact = false }: { data: RunAnswer; state?: string; compact?: boolean }) {
  const rows = useMemo(() => {
    const all = taskRows(data).filter((row) => !state || row.state === state);
    const weight = (row: TaskRow) => order.get(row.state) ?? 99;
    const troubled = (row: TaskRow) => (["failed", "upstream_failed", "awaiting_input"].includes(lookOf(row.state).name) ? 0 : 1);
    return all
      .map((row, at) => ({ row, at }))
      .sort((a, b) => troubled(a.row) - troubled(b.row) || (troubled(a.row) ? 0 : weight(a.row) - weight(b.row)) || a.at - b.at)
      .map(({ row }) => row);
  }, [data, state]);
  return (
    <VirtualTable
      label="Tasks"
      rows={rows}
      columns={compact ? COMPACT : FULL}
      keyOf={(row) => `${row.id} ${row.map}`}
      minWidth={compact ? 480 : 900}
    />
  );
}
