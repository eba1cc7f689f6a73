/** The list of DAGs: rows out of columns, filtered and sorted. */
import type { DagColumns } from "@/api/types";

export interface DagRow {
  dagId: string;
  name: string;
  description: string | null;
  paused: boolean;
  schedule: string;
  next: string | null;
  tags: string[];
  owners: string[];
  tasks: number;
  last: string | null;
  held: string | null;
  file: string;
  cronjob: "placed" | "watched" | null;
}

export interface Filter {
  q?: string;
  tags?: string[];
  owners?: string[];
  show?: "active" | "paused" | "failed" | "running" | "held";
  sort?: "name" | "next";
}

export function rowsOf(columns: DagColumns): DagRow[] {
  return columns.dag_id.map((dagId, at) => ({
    dagId,
    name: columns.name[at] ?? dagId,
    description: columns.description[at] ?? null,
    paused: columns.is_paused[at] ?? false,
    schedule: columns.schedule[at] ?? "",
    next: columns.next[at] ?? null,
    tags: columns.tags[at] ?? [],
    owners: columns.owners[at] ?? [],
    tasks: columns.tasks[at] ?? 0,
    last: columns.last[at] ?? null,
    held: columns.hold_reason[at] ?? null,
    file: columns.file_path[at] ?? "",
    cronjob: columns.cronjob[at] ?? null,
  }));
}

export function picked(rows: DagRow[], filter: Filter): DagRow[] {
  const words = (filter.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter(
    (row) =>
      words.every((word) => `${row.dagId} ${row.name} ${row.description ?? ""} ${row.file}`.toLowerCase().includes(word)) &&
      (filter.tags ?? []).every((tag) => row.tags.includes(tag)) &&
      (!filter.owners?.length || filter.owners.some((owner) => row.owners.includes(owner))) &&
      shows(row, filter.show),
  );
  if (filter.sort === "next") {
    // Those that are paused begin nothing, whatever their plan says.
    const when = (row: DagRow) => (row.next && !row.paused ? row.next : "9");
    found.sort((a, b) => when(a).localeCompare(when(b)) || a.dagId.localeCompare(b.dagId));
  }
  return found;
}

function shows(row: DagRow, show: Filter["show"]): boolean {
  if (show === "active") return !row.paused;
  if (show === "paused") return row.paused;
  if (show === "held") return row.held !== null;
  return show === undefined || row.last === show || (show === "running" && row.last === "queued");
}

/** Every value of a column with how many rows have it, the most frequent first. */
export function tally(rows: DagRow[], of: "tags" | "owners"): { value: string; count: number }[] {
  const counted = new Map<string, number>();
  for (const row of rows) for (const one of row[of]) counted.set(one, (counted.get(one) ?? 0) + 1);
  return [...counted]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
}
