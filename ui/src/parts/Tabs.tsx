/** Tabs whose choice the address keeps. */
import type { ReactNode } from "react";
import classes from "./Tabs.module.css";
import { useInView } from "./useInView";

interface Props<T extends string> {
  label: string;
  tabs: readonly (readonly [T, string])[];
  value: T;
  onChange: (to: T) => void;
  beside?: ReactNode;
}

export function Tabs<T extends string>({ label, tabs, value, onChange, beside }: Props<T>) {
  const box = useInView<HTMLElement>(value);
  return (
    <div className={classes.bar}>
      <nav aria-label={label} className={classes.tabs} ref={box}>
        {tabs.map(([name, words]) => (
          <button
            key={name}
            type="button"
            className={classes.tab}
            aria-current={name === value ? "page" : undefined}
            onClick={() => onChange(name)}
          >
            {words}
          </button>
        ))}
      </nav>
      {beside}
    </div>
  );
}
