/** A unified diff as rows with line numbers of both sides. */

export interface DiffRow {
  kind: "same" | "added" | "removed" | "hunk";
  text: string;
  old: number | null;
  new: number | null;
}

export function diffRows(unified: string): DiffRow[] {
  const out: DiffRow[] = [];
  let older = 0;
  let newer = 0;
  for (const line of unified.split("\n")) {
    if (line.startsWith("--- ") || line.startsWith("+++ ")) {
      if (!out.length) continue; // the names of the two sides
    }
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (hunk) {
      older = Number(hunk[1]);
      newer = Number(hunk[2]);
      out.push({ kind: "hunk", text: line, old: null, new: null });
    } else if (line.startsWith("+")) {
      out.push({ kind: "added", text: line.slice(1), old: null, new: newer++ });
    } else if (line.startsWith("-")) {
      out.push({ kind: "removed", text: line.slice(1), old: older++, new: null });
    } else if (line.startsWith(" ")) {
      out.push({ kind: "same", text: line.slice(1), old: older++, new: newer++ });
    }
  }
  return out;
}
