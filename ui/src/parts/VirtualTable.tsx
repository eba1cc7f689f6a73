/** A table of which only the rows in view exist. Columns are a CSS grid, so that head and rows agree. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";
import classes from "./VirtualTable.module.css";

export interface Column<T> {
  title: string;
  width: string;
  cell: (row: T) => ReactNode;
  align?: "right";
  /** Left out where there is little room. */
  wide?: boolean;
}

interface Props<T> {
  label: string;
  rows: T[];
  columns: Column<T>[];
  keyOf: (row: T) => string | number;
  height?: number;
  minWidth?: number;
  onEnd?: () => void;
}

export function VirtualTable<T>({ label, rows, columns, keyOf, height = 32, minWidth = 720, onEnd }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd && rows.length && last >= rows.length - 5) onEnd();
  }, [last, rows.length, onEnd]);
  const grid = { gridTemplateColumns: columns.map((column) => column.width).join(" "), minWidth };
  return (
    <div ref={box} className={classes.table} role="table" aria-label={label} aria-rowcount={rows.length + 1} tabIndex={0}>
      <div role="rowgroup" className={classes.headGroup} style={{ minWidth }}>
        <div role="row" className={classes.head} style={grid}>
          {columns.map((column) => (
            <span key={column.title} role="columnheader" data-align={column.align}>
              {column.title}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth, position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index] as T;
          return (
            <div
              key={keyOf(row)}
              role="row"
              aria-rowindex={item.index + 2}
              className={classes.row}
              style={{ ...grid, transform: `translateY(${item.start}px)`, height }}
            >
              {columns.map((column) => (
                <span key={column.title} role="cell" data-align={column.align}>
                  {column.cell(row)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
