/** Names and values, and values of any shape as text. */
import type { ReactNode } from "react";
import classes from "./Facts.module.css";

export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  const there = facts.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false);
  return (
    <dl className={classes.facts}>
      {there.map(([name, value]) => (
        <div key={name} className={classes.fact}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A value as people read it: texts as they are, all else as JSON. */
export function Value({ value, label = "Value" }: { value: unknown; label?: string }) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <pre className={classes.value} tabIndex={0} aria-label={label} role="region">
      {text}
    </pre>
  );
}
