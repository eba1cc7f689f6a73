/** The log of an attempt: a million lines of which those in view are asked for, live at its end, searched by the server. */
import { ActionIcon, Button, Group, NativeSelect, Switch, Text, TextInput, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconDownload, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import * as api from "@/api/calls";
import { useLive } from "@/api/live";
import type { LogAnswer } from "@/api/types";
import type { Ref } from "@/parts/Effects";
import { Empty, Loaded } from "@/parts/Says";
import { LogLines, type Goto } from "./LogLines";
import classes from "./Log.module.css";
import { useFolds } from "./useFolds";

interface Props {
  at: Ref;
  tryNumber?: number;
  line?: number;
  onLine?: (line: number) => void;
  onTry?: (tryNumber: number) => void;
  /** What the address keeps of it; otherwise it keeps it itself. */
  look?: Look;
  onLook?: (changes: Look) => void;
  small?: boolean;
}

/** How a log is looked at. */
export interface Look {
  /** What is searched for. */
  q?: string;
  times?: true;
  /** All groups are unfolded. */
  open?: true;
}

export function LogView({ at, tryNumber = 0, line, onLine, onTry, look, onLook, small = false }: Props) {
  const [chosen, setChosen] = useState(tryNumber);
  const [own, setOwn] = useState<Look>({});
  const change = onLook ?? ((changes: Look) => setOwn((before) => ({ ...before, ...changes })));
  const number = onTry ? tryNumber : chosen;
  const query = useLive({
    queryKey: ["log", at.dagId, at.runId, at.taskId, at.mapIndex, number],
    queryFn: ({ signal }) => api.log(at, number, { signal }),
    heeds: (event) => event.dag_id === at.dagId && event.run_id === at.runId && event.task_id === at.taskId,
    every: 2000,
    keep: false,
  });
  return (
    <Loaded query={query}>
      {(data) => (
        <Body
          key={data.try_number}
          at={at}
          data={data}
          line={line}
          onLine={onLine}
          small={small}
          onTry={onTry ?? setChosen}
          look={look ?? own}
          onLook={change}
        />
      )}
    </Loaded>
  );
}

interface BodyProps {
  at: Ref;
  data: LogAnswer;
  line?: number;
  onLine?: (line: number) => void;
  small: boolean;
  onTry: (tryNumber: number) => void;
  look: Look;
  onLook: (changes: Look) => void;
}

function Body({ at, data, line, onLine, small, onTry, look, onLook }: BodyProps) {
  const { q: asked = "", times = false, open = false } = look;
  const setAsked = (q: string) => onLook({ q: q || undefined });
  const [words, setWords] = useState(asked);
  const [follow, setFollow] = useState(line === undefined);
  const [place, setPlace] = useState(0);
  const [wanted, setWanted] = useState<Goto | null>(line === undefined ? null : { line: line - 1, stamp: 0 });
  const live = useEnds(data);
  const starts = useMemo(() => startsOf(live), [live]);
  const folds = useFolds(live, starts, total(live), open, data.ended);
  const { reveal } = folds;
  const found = useQuery({
    queryKey: ["matches", live.map((part) => part.launch_id), asked],
    queryFn: async ({ signal }) => {
      const all = await Promise.all(live.map((part) => api.matches(part.launch_id, asked, { signal })));
      const lines = all.flatMap((one, index) => one.seq.map((seq) => (starts[index] ?? 0) + seq - 1));
      return { lines, cut: all.some((one) => one.cut) };
    },
    enabled: asked.length > 0,
  });
  const hits = asked ? (found.data?.lines ?? NONE) : NONE;
  const go = (to: number) => {
    if (!hits.length) return;
    const next = (to + hits.length) % hits.length;
    setPlace(next);
    setFollow(false);
    setWanted({ line: hits[next] as number, stamp: Date.now() });
  };
  useEffect(() => {
    const first = hits[0];
    if (first === undefined) return;
    setPlace(0);
    setFollow(false);
    setWanted({ line: first, stamp: Date.now() });
  }, [hits]);
  const known = folds.groups.size > 0;
  useEffect(() => {
    // Where groups lie is known later than where to look: what is looked at may now be hidden, and stands elsewhere.
    if (known) setWanted((before) => before && { ...before, stamp: Date.now() });
  }, [known]);
  useEffect(() => {
    if (known && wanted && reveal(wanted.line)) setWanted({ ...wanted, stamp: Date.now() });
  }, [known, wanted, reveal]);
  const missing = data.parts.reduce((sum, part) => sum + part.missing, 0);
  return (
    <div className={classes.view}>
      <Group gap="xs" className={classes.bar} wrap="wrap">
        {data.tries.length > 1 ? (
          <NativeSelect
            aria-label="Attempt"
            value={String(data.try_number)}
            onChange={(event) => onTry(Number(event.currentTarget.value))}
            data={data.tries.map((one) => ({ value: String(one), label: `attempt ${one}` }))}
          />
        ) : null}
        <form
          className={classes.search}
          onSubmit={(event) => {
            event.preventDefault();
            if (words === asked) go(place + 1);
            else setAsked(words);
          }}
        >
          <TextInput
            aria-label="Search the log"
            placeholder="Search"
            leftSection={<IconSearch size={14} />}
            value={words}
            onChange={(event) => {
              setWords(event.currentTarget.value);
              if (!event.currentTarget.value) setAsked("");
            }}
            w={small ? 150 : 220}
          />
          {asked ? (
            <>
              <Text size="xs" className="number" role="status">
                {found.isFetching ? "…" : hits.length ? `${place + 1} of ${hits.length}${found.data?.cut ? "+" : ""}` : "nothing"}
              </Text>
              <ActionIcon onClick={() => go(place - 1)} aria-label="The one before" disabled={!hits.length}>
                <IconArrowUp size={15} />
              </ActionIcon>
              <ActionIcon onClick={() => go(place + 1)} aria-label="The next one" disabled={!hits.length}>
                <IconArrowDown size={15} />
              </ActionIcon>
            </>
          ) : null}
        </form>
        <Switch label="Times" checked={times} onChange={(event) => onLook({ times: event.currentTarget.checked || undefined })} />
        {folds.groups.size ? (
          <Button
            variant="default"
            size="compact-xs"
            onClick={() => {
              folds.forget();
              onLook({ open: open ? undefined : true });
            }}
          >
            {open ? "Fold all" : "Unfold all"}
          </Button>
        ) : null}
        {data.ended ? null : (
          <Switch label="Follow" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} />
        )}
        {data.ended ? (
          <Button variant="default" size="compact-xs" onClick={() => setWanted({ line: Number.MAX_SAFE_INTEGER, stamp: Date.now() })}>
            End
          </Button>
        ) : null}
        <Tooltip label="Download the whole log">
          <ActionIcon component="a" href={api.logText(at, data.try_number)} download aria-label="Download the log">
            <IconDownload size={16} />
          </ActionIcon>
        </Tooltip>
        <Text size="xs" className="faint number">
          {total(live).toLocaleString("en")} lines
          {missing ? `, ${missing.toLocaleString("en")} never came` : ""}
        </Text>
      </Group>
      {total(live) ? (
        <LogLines
          parts={live}
          starts={starts}
          follow={follow && !data.ended}
          onLeave={() => setFollow(false)}
          times={times}
          goto={wanted}
          hit={asked ? hits[place] : line === undefined ? undefined : line - 1}
          onLine={onLine && ((to) => onLine(to + 1))}
          words={asked}
          folded={folds.folded}
          groups={folds.groups}
          isClosed={folds.isClosed}
          onTurn={folds.turn}
        />
      ) : (
        <Empty title={data.ended ? "It wrote nothing" : "It has not written anything yet"}>{data.message}</Empty>
      )}
    </div>
  );
}
const NONE: number[] = [];

type Parts = LogAnswer["parts"];
const total = (parts: Parts): number => parts.reduce((sum, part) => sum + part.lines, 0);

/** The number of the first line of each launch, counted over all of them. */
export function startsOf(parts: { lines: number }[]): number[] {
  let sum = 0;
  return parts.map((part) => {
    const start = sum;
    sum += part.lines;
    return start;
  });
}

/** The launches with as many lines as there are by now: while an attempt goes on, its last one is asked each second. */
function useEnds(data: LogAnswer): Parts {
  const last = data.parts.at(-1);
  const { data: end } = useQuery({
    queryKey: ["log-end", last?.launch_id],
    queryFn: ({ signal }) => api.lines(last?.launch_id ?? "", last?.lines ?? 0, 1, { signal }).then((one) => one.last),
    enabled: last !== undefined && !data.ended,
    refetchInterval: 1000,
  });
  return useMemo(
    () =>
      data.parts.map((part, at) =>
        at === data.parts.length - 1 ? { ...part, lines: Math.max(part.lines, end ?? 0) } : part,
      ),
    [data.parts, end],
  );
}
