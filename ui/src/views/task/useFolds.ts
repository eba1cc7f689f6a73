/** The groups of a log, and which of them are folded: all at first, as in Airflow. The server finds where they are. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import * as api from "@/api/calls";
import type { LogAnswer } from "@/api/types";
import { around, END_GROUP, foldedLines, GROUP, groupsOf, type Folded, type Group } from "@/lib/logFolds";

const ASK_MS = 5000;
const NO_GROUPS: Group[] = [];
const NONE_TURNED: ReadonlySet<number> = new Set();

interface Seen {
  lines: number[];
  last: number;
}

export interface Folds {
  folded: Folded;
  groups: ReadonlyMap<number, Group>;
  isClosed: (group: Group) => boolean;
  turn: (group: Group) => void;
  /** Unfold what hides LINE; whether anything did. */
  reveal: (line: number) => boolean;
  /** All are as the address says again. */
  forget: () => void;
}

export function useFolds(parts: LogAnswer["parts"], starts: number[], count: number, open: boolean, ended: boolean): Folds {
  const [turned, setTurned] = useState(NONE_TURNED);
  const ids = parts.map((part) => part.launch_id);
  const seen = useRef(new Map<string, Seen>()); // a log that goes on is looked at from where it was known
  const { data: groups = NO_GROUPS } = useQuery({
    queryKey: ["log-groups", ids, ended],
    queryFn: async ({ signal }) => {
      const find = async (launch: string, words: string): Promise<number[]> => {
        const key = `${launch} ${words}`;
        const known = seen.current.get(key) ?? { lines: [], last: 0 };
        const more = await api.matches(launch, words, { signal }, known.last);
        const lines = more.seq.length ? [...known.lines, ...more.seq] : known.lines;
        seen.current.set(key, { lines, last: more.last });
        return lines;
      };
      const found = async (words: string) => {
        const all = await Promise.all(ids.map((id) => find(id, words)));
        return all.flatMap((lines, at) => lines.map((seq) => (starts[at] ?? 0) + seq - 1));
      };
      const begins = await found(GROUP);
      return begins.length ? groupsOf(begins, await found(END_GROUP)) : NO_GROUPS;
    },
    enabled: ids.length > 0,
    staleTime: ended ? Infinity : 0,
    refetchInterval: ended ? false : ASK_MS,
    placeholderData: (before) => before,
  });
  const isClosed = useCallback((group: Group) => turned.has(group.begin) === open, [turned, open]);
  const folded = useMemo(() => foldedLines(count, groups, isClosed), [count, groups, isClosed]);
  const byBegin = useMemo(() => new Map(groups.map((group) => [group.begin, group])), [groups]);
  const turn = useCallback((group: Group) => {
    setTurned((before) => {
      const next = new Set(before);
      if (!next.delete(group.begin)) next.add(group.begin);
      return next;
    });
  }, []);
  const now = useRef({ groups, isClosed });
  now.current = { groups, isClosed };
  const reveal = useCallback(
    (line: number) => {
      const hiding = around(now.current.groups, line).filter(now.current.isClosed);
      for (const group of hiding) turn(group);
      return hiding.length > 0;
    },
    [turn],
  );
  const forget = useCallback(() => setTurned(NONE_TURNED), []);
  return { folded, groups: byBegin, isClosed, turn, reveal, forget };
}
