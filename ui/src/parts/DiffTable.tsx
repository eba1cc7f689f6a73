/** A unified diff with the numbers of both sides. */
import { Text } from "@mantine/core";
import { useMemo } from "react";
import { diffRows } from "@/lib/diff";
import classes from "./DiffTable.module.css";

const SIGNS = { added: "+", removed: "−", same: " ", hunk: "" };

export function DiffTable({ unified, label }: { unified: string; label: string }) {
  const rows = useMemo(() => diffRows(unified), [unified]);
  if (!rows.length) {
    return (
      <Text size="sm" className="faint">
        There is no difference.
      </Text>
    );
  }
  return (
    <div className={classes.box} tabIndex={0} role="region" aria-label={label}>
      <table className={classes.table} aria-label={label}>
        <thead className="visually-hidden">
          <tr>
            <th>Old line</th>
            <th>New line</th>
            <th>Text</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at} data-kind={row.kind}>
              <td className={classes.line}>{row.old ?? ""}</td>
              <td className={classes.line}>{row.new ?? ""}</td>
              <td className={classes.text}>
                <span aria-hidden="true">{SIGNS[row.kind]} </span>
                {row.text}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
