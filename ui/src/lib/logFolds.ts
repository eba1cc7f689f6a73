/** Parts of a log between `::group::NAME` and `::endgroup::`, which may be folded away. Lines are counted from 0. */

export const GROUP = "::group::";
export const END_GROUP = "::endgroup::";

export interface Group {
  /** The line that names it. */
  begin: number;
  /** The line that ends it. */
  end: number;
}

/** The groups that lines BEGINS open and lines ENDS close, outer ones before those in them; what is not closed is none. */
export function groupsOf(begins: readonly number[], ends: readonly number[]): Group[] {
  const open: number[] = [];
  const found: Group[] = [];
  let next = 0;
  for (const end of ends) {
    while (next < begins.length && (begins[next] as number) < end) open.push(begins[next++] as number);
    const begin = open.pop();
    if (begin !== undefined) found.push({ begin, end });
  }
  return found.sort((a, b) => a.begin - b.begin);
}

export interface Folded {
  /** How many lines are to be seen. */
  rows: number;
  /** The line that is seen at ROW. */
  lineOf: (row: number) => number;
  /** Where LINE is seen; a hidden one: where the line that names its group is. */
  rowOf: (line: number) => number;
}

/** What is seen of COUNT lines when GROUPS, of those that are closed, hide what is in them, and their end. */
export function foldedLines(count: number, groups: readonly Group[], isClosed: (group: Group) => boolean): Folded {
  const from: number[] = []; // the first hidden line of each fold, and how many are hidden up to and with it
  const hidden: number[] = [];
  let sum = 0;
  let last = -1;
  for (const group of groups) {
    if (group.begin < last || !isClosed(group)) continue;
    from.push(group.begin + 1);
    sum += group.end - group.begin;
    hidden.push(sum);
    last = group.end;
  }
  const before = (at: number) => (at < 0 ? 0 : (hidden[at] as number));
  return {
    rows: count - sum,
    lineOf: (row) => {
      const at = lastAt(from, (first, place) => first - before(place - 1) <= row);
      return row + before(at);
    },
    rowOf: (line) => {
      const at = lastAt(from, (first) => first <= line);
      const size = before(at) - before(at - 1);
      const first = from[at];
      if (first !== undefined && line < first + size) return first - 1 - before(at - 1);
      return line - before(at);
    },
  };
}

/** The last place of LIST for which IS holds, which it does for all before; -1: for none. */
function lastAt(list: readonly number[], is: (value: number, place: number) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(list[middle] as number, middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The groups that LINE is in, its name not meant. */
export const around = (groups: readonly Group[], line: number): Group[] => groups.filter((one) => one.begin < line && line <= one.end);
