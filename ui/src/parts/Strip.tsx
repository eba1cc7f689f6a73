/** A DAG's last runs as bars: how each ended, and how long it took beside the others.
 * Who shows it follows its links: `useFollow`. */
import type { CSSProperties } from "react";
import type { StripRun } from "@/api/types";
import { lookOf } from "@/lib/states";
import { duration, secondsBetween, shortMoment } from "@/lib/time";
import { runHref } from "./follow";
import classes from "./Strip.module.css";

export function Strip({ dagId, runs }: { dagId: string; runs: StripRun[] }) {
  if (!runs.length) return <span className="faint">no runs yet</span>;
  const seconds = runs.map(([, , begin, end]) => secondsBetween(begin, end) ?? 0);
  const longest = Math.max(...seconds, 0.001);
  return (
    <span className={classes.strip}>
      {runs.map(([runId, state, begin, , after], at) => {
        const look = lookOf(state);
        const words = `${shortMoment(after)}: ${look.label}${begin ? `, ${duration(seconds[at])}` : ""}`;
        return (
          <a
            key={runId}
            href={runHref(dagId, runId)}
            className={classes.bar}
            title={words}
            data-state={state}
            style={{ "--high": `${30 + 70 * ((seconds[at] ?? 0) / longest)}%`, "--look": look.color } as CSSProperties}
          />
        );
      })}
    </span>
  );
}
