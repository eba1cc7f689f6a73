/** A moment: how far away it is, with the moment itself behind it; or the other way round. */
import { Tooltip } from "@mantine/core";
import { useEffect, useState } from "react";
import { duration, fullMoment, relative, secondsBetween, zone } from "@/lib/time";

const TICK_MS = 1000;
let now = Date.now();
const ticking = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, anew each second while something on the page shows how it goes by. */
export function useNow(active = true): number {
  const [, set] = useState(0);
  useEffect(() => {
    if (!active) return;
    const tick = () => set((count) => count + 1);
    ticking.add(tick);
    timer ??= setInterval(() => {
      now = Date.now();
      for (const one of ticking) one();
    }, TICK_MS);
    return () => {
      ticking.delete(tick);
      if (!ticking.size) {
        clearInterval(timer);
        timer = undefined;
      }
    };
  }, [active]);
  return active ? Math.max(now, Date.now() - TICK_MS) : now;
}

export function Ago({ at }: { at: string | null | undefined }) {
  const time = useNow(Boolean(at));
  if (!at) return <span className="faint">–</span>;
  return (
    <Tooltip label={`${fullMoment(at)} ${zone() === "UTC" ? "UTC" : ""}`}>
      <time dateTime={at} className="number">
        {relative(at, time)}
      </time>
    </Tooltip>
  );
}

export function At({ at }: { at: string | null | undefined }) {
  if (!at) return <span className="faint">–</span>;
  return (
    <Tooltip label={relative(at)}>
      <time dateTime={at} className="number">
        {fullMoment(at)}
      </time>
    </Tooltip>
  );
}

/** How long something took, or takes so far. */
export function Took({ begin, end }: { begin: string | null | undefined; end: string | null | undefined }) {
  const time = useNow(Boolean(begin) && !end);
  const seconds = secondsBetween(begin, end, time);
  return <span className="number">{seconds === null ? "" : duration(Math.max(0, seconds))}</span>;
}
