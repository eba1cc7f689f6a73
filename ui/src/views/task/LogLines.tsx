/** The lines in view, asked for in chunks that are kept while they may be looked at again. */
import { useQueries } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import * as api from "@/api/calls";
import type { LinesAnswer, LogAnswer } from "@/api/types";
import { spansOf, stripped } from "@/lib/ansi";
import { GROUP, type Folded, type Group } from "@/lib/logFolds";
import { heightOf, scrollFor, windowAt } from "@/lib/scaled";
import { clock } from "@/lib/time";
import classes from "./Log.module.css";

const LINE = 18;
const CHUNK = 1000;
/** What is passed faster than this is not asked for: the server would read hundreds of chunks that nobody looks at. */
const PASSED_MS = 60;

export interface Goto {
  line: number;
  stamp: number;
}

interface Props {
  parts: LogAnswer["parts"];
  starts: number[];
  follow: boolean;
  onLeave: () => void;
  times: boolean;
  goto: Goto | null;
  hit: number | undefined;
  /** Have the address name a line. */
  onLine?: (line: number) => void;
  words: string;
  folded: Folded;
  /** By the line that names it. */
  groups: ReadonlyMap<number, Group>;
  isClosed: (group: Group) => boolean;
  onTurn: (group: Group) => void;
}

export function LogLines({ parts, starts, follow, onLeave, times, goto, hit, onLine, words, folded, groups, isClosed, onTurn }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewport, setViewport] = useState(400);
  const count = folded.rows;
  const measures = { count, lineHeight: LINE, viewport };
  const shown = windowAt(scrollTop, measures);
  const numbers = [];
  for (let row = shown.first; row < shown.last; row += 1) numbers.push(folded.lineOf(row));
  const text = useLines(parts, starts, numbers);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const resize = new ResizeObserver(() => setViewport(element.clientHeight));
    resize.observe(element);
    return () => resize.disconnect();
  }, []);
  const byUs = useRef(false);
  const scrollTo = (top: number) => {
    if (!box.current) return;
    byUs.current = true;
    box.current.scrollTop = top;
  };
  useLayoutEffect(() => {
    if (follow) scrollTo(heightOf({ count, lineHeight: LINE, viewport }));
  }, [follow, count, viewport]);
  useEffect(() => {
    if (!goto) return;
    const row = Math.max(0, Math.min(folded.rowOf(goto.line), count - 1) - Math.floor(viewport / LINE / 2));
    scrollTo(scrollFor(row, { count, lineHeight: LINE, viewport }));
    // Only what is asked for moves the view, not a line more or a taller window.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [goto]);

  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    setScrollTop(element.scrollTop);
    const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - LINE;
    if (!byUs.current && follow && !atEnd) onLeave();
    byUs.current = false;
  };
  return (
    <div ref={box} className={classes.box} onScroll={onScroll} tabIndex={0} role="region" aria-label="Log" data-testid="log">
      <div style={{ height: heightOf(measures), position: "relative" }}>
        <div className={classes.lines} style={{ transform: `translateY(${shown.top}px)` }}>
          {numbers.map((line) => {
            const found = text(line);
            const group = groups.get(line);
            return (
              <div key={line} className={classes.line} data-stream={found?.stream} data-hit={line === hit || undefined}>
                <span
                  className={classes.number}
                  aria-hidden="true"
                  data-line={onLine ? line + 1 : undefined}
                  onClick={() => onLine?.(line)}
                >
                  {line + 1}
                </span>
                {times && found ? <span className={classes.time}>{clock(found.at * 1000)}</span> : null}
                <span className={classes.text}>
                  {group ? (
                    <button
                      type="button"
                      className={classes.fold}
                      aria-expanded={!isClosed(group)}
                      aria-label={isClosed(group) ? `Unfold ${group.end - group.begin} lines` : "Fold"}
                      onClick={() => onTurn(group)}
                    >
                      {isClosed(group) ? "▸" : "▾"}
                    </button>
                  ) : null}
                  {found === undefined ? "…" : found === null ? <i className="faint">this line never came</i> : <Text text={group ? found.text.replace(GROUP, "") : found.text} words={words} />}
                  {group && isClosed(group) ? <span className={classes.folded}>{group.end - group.begin} lines</span> : null}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Text({ text, words }: { text: string; words: string }) {
  if (words) return <Marked text={stripped(text)} words={words} />;
  return (
    <>
      {spansOf(text).map((span, at) =>
        span.classes || span.color || span.background ? (
          <span
            key={at}
            className={span.classes
              .split(" ")
              .map((name) => classes[name] ?? "")
              .join(" ")}
            style={{ color: span.color, background: span.background }}
          >
            {span.text}
          </span>
        ) : (
          span.text
        ),
      )}
    </>
  );
}

function Marked({ text, words }: { text: string; words: string }) {
  const out: React.ReactNode[] = [];
  const [where, what] = [text.toLowerCase(), words.toLowerCase()];
  let from = 0;
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, from)) {
    out.push(text.slice(from, at), <mark key={at}>{text.slice(at, at + what.length)}</mark>);
    from = at + what.length;
  }
  return (
    <>
      {out}
      {text.slice(from)}
    </>
  );
}

interface Line {
  text: string;
  at: number;
  stream: string;
}

/** What gives the line of a number, one of LINES: undefined while it is asked for, null where it never came. */
function useLines(parts: Props["parts"], starts: number[], lines: readonly number[]): (line: number) => Line | null | undefined {
  const wanted = new Set<string>(); // part and chunk of it; a few, however much is folded between
  for (const line of lines) {
    const at = starts.findLastIndex((start) => start <= line);
    wanted.add(`${at} ${Math.floor((line - (starts[at] ?? 0)) / CHUNK) * CHUNK}`);
  }
  const names = [...wanted].join(",");
  const [asked, setAsked] = useState(names);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(names), PASSED_MS);
    return () => clearTimeout(timer);
  }, [names]);
  const chunks = useMemo(
    () =>
      (names ? names.split(",") : []).flatMap((name) => {
        const [at = 0, after = 0] = name.split(" ").map(Number);
        const part = parts[at];
        return part ? [{ part: at, after, full: after + CHUNK <= part.lines || part.ended_at !== null }] : [];
      }),
    [parts, names],
  );
  const answers = useQueries({
    queries: chunks.map(({ part, after, full }) => {
      const one = parts[part] as Props["parts"][number];
      // A chunk that may still grow is asked for anew when there are more lines.
      return {
        queryKey: ["lines", one.launch_id, after, full ? "full" : one.lines],
        queryFn: ({ signal }: { signal: AbortSignal }) => api.lines(one.launch_id, after, CHUNK, { signal }),
        enabled: asked === names,
        staleTime: Infinity,
        gcTime: full ? 120_000 : 5_000,
        placeholderData: (before: LinesAnswer | undefined) => before,
      };
    }),
  });
  return (line) => {
    const at = starts.findLastIndex((start) => start <= line);
    const seq = line - (starts[at] ?? 0) + 1;
    const chunk = chunks.findIndex((one) => one.part === at && seq > one.after && seq <= one.after + CHUNK);
    const data = answers[chunk]?.data;
    if (!data) return undefined;
    let place = seq - (chunks[chunk]?.after ?? 0) - 1;
    if (data.seq[place] !== seq) place = data.seq.indexOf(seq);
    if (place < 0) return answers[chunk]?.isFetching || asked !== names ? undefined : null;
    return { text: data.text[place] ?? "", at: data.at[place] ?? 0, stream: data.stream[place] ?? "" };
  };
}
