/** A state as a mark or a badge: colour, glyph and word. */
import { Tooltip } from "@mantine/core";
import type { CSSProperties } from "react";
import { lookOf } from "@/lib/states";
import classes from "./State.module.css";

type Colour = CSSProperties & { "--color": string };
const coloured = (color: string): Colour => ({ "--color": color });

export function StateBadge({ state, title, label }: { state: string | null | undefined; title?: string; label?: string }) {
  const look = lookOf(state);
  return (
    <span className={classes.badge} style={coloured(look.color)} title={title} data-state={look.name}>
      <span className={classes.glyph} aria-hidden="true">
        {look.glyph}
      </span>
      {label ?? look.label}
    </span>
  );
}

export function StateMark({ state, label }: { state: string | null | undefined; label?: string }) {
  const look = lookOf(state);
  return (
    <Tooltip label={label ?? look.label}>
      <span
        className={classes.mark}
        style={coloured(look.color)}
        role="img"
        aria-label={label ?? look.label}
        data-state={look.name}
      >
        <span aria-hidden="true">{look.glyph}</span>
      </span>
    </Tooltip>
  );
}

/** "12 success  3 failed" as marks with numbers. */
export function Counts({ counts }: { counts: Record<string, number> }) {
  return (
    <span className={classes.counts}>
      {Object.entries(counts)
        .filter(([, count]) => count > 0)
        .map(([state, count]) => (
          <span key={state} className={classes.count}>
            <StateMark state={state} label={`${count} ${lookOf(state).label}`} />
            <span aria-hidden="true">{count.toLocaleString("en")}</span>
          </span>
        ))}
    </span>
  );
}
