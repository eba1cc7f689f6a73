/** The table of the grid: one element per cell in view, one listener for all of them. */
import { useVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { memo, useState, type KeyboardEvent, type MouseEvent, type RefObject } from "react";
import type { GridAnswer } from "@/api/types";
import { ABSENT, lookOf, lookOfLetter } from "@/lib/states";
import { duration, fullMoment, secondsBetween, shortMoment } from "@/lib/time";
import { cellKey, groupLetter, taskId, type Row, type Tree } from "@/lib/tree";
import classes from "./Grid.module.css";

const CELL = 20;
const ROW = 22;
const NAMES = 260;
const HEAD = 74;
const BAR = 44;

export interface Selected {
  run?: string;
  task?: string;
  map: number;
}

interface Props {
  boxRef: RefObject<HTMLDivElement | null>;
  tree: Tree;
  rows: Row[];
  answer: GridAnswer;
  byCell: Map<string, Record<string, number>>;
  copies: Map<string, Record<string, string>>;
  selected: Selected;
  onSelect: (run: string | undefined, task?: string, map?: number) => void;
  onToggle: (id: string) => void;
}

export function GridTable(props: Props) {
  const { boxRef, tree, rows, answer, selected, onSelect, onToggle } = props;
  const runs = answer.runs;
  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => boxRef.current,
    estimateSize: () => ROW,
    overscan: 10,
    scrollMargin: 0,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: runs.key.length,
    getScrollElement: () => boxRef.current,
    estimateSize: () => CELL,
    overscan: 10,
  });
  const columns = across.getVirtualItems();
  const seconds = runs.key.map((_, at) => secondsBetween(runs.start_date[at], runs.end_date[at]) ?? 0);
  const longest = Math.max(1, ...seconds);
  const [cursor, setCursor] = useState({ row: 0, column: 0 });
  const isIn = (at: Cursor) => at.row < rows.length && at.column < runs.key.length;

  const idOf = (row: Row): string =>
    row.kind === "group" ? (tree.structure.groups.id[row.place] as string) : taskId(tree, row.place);
  const pick = (row: Row, column: number) => {
    const run = runs.run_id[column];
    if (row.kind === "group") onToggle(idOf(row));
    else if (run !== undefined) onSelect(run, idOf(row), row.mapIndex);
  };
  const onClick = (event: MouseEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-row],[data-run],[data-fold]");
    if (!cell) return;
    if (cell.dataset.fold !== undefined) onToggle(cell.dataset.fold);
    else if (cell.dataset.row !== undefined) {
      const [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
      setCursor({ row, column });
      if (rows[row]) pick(rows[row], column);
    } else if (cell.dataset.run !== undefined) onSelect(runs.run_id[Number(cell.dataset.run)]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") return onSelect(undefined);
    const page = Math.max(1, Math.floor((boxRef.current?.clientHeight ?? 0) / ROW) - 4);
    const at = moved(cursor, event.key, page, { row: rows.length - 1, column: runs.key.length - 1 });
    if (!at && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const to = at ?? cursor;
    setCursor(to);
    vertical.scrollToIndex(to.row);
    across.scrollToIndex(to.column);
    const row = rows[to.row];
    // Moving shows what is there; a group is folded by Enter alone, and the grid tells its state.
    if (row && !(at && row.kind === "group")) pick(row, to.column);
  };

  return (
    <div
      ref={boxRef}
      className={classes.box}
      role="grid"
      aria-label="Runs by tasks"
      aria-rowcount={rows.length + 1}
      aria-colcount={runs.key.length + 1}
      tabIndex={0}
      aria-activedescendant={isIn(cursor) ? cellId(cursor.row, cursor.column) : undefined}
      onClick={onClick}
      onKeyDown={onKeyDown}
      data-testid="grid"
    >
      <div
        style={{ width: NAMES + across.getTotalSize() + 16, height: HEAD + vertical.getTotalSize(), position: "relative", minWidth: "100%" }}
      >
        <div role="row" aria-rowindex={1} className={classes.head} style={{ height: HEAD }}>
          <div role="columnheader" className={classes.corner} style={{ width: NAMES }}>
            Task
          </div>
          {columns.map((column) => (
            <Head
              key={runs.key[column.index]}
              answer={answer}
              at={column.index}
              left={NAMES + column.start}
              height={Math.max(3, (BAR * (seconds[column.index] ?? 0)) / longest)}
              seconds={seconds[column.index] ?? 0}
              selected={runs.run_id[column.index] === selected.run}
            />
          ))}
        </div>
        {vertical.getVirtualItems().map((item) => {
          const row = rows[item.index] as Row;
          return (
            <Line
              key={row.key}
              row={row}
              id={idOf(row)}
              index={item.index}
              top={HEAD + item.start}
              columns={columns}
              tree={tree}
              answer={answer}
              byCell={props.byCell}
              copies={props.copies}
              selected={selected}
              cursor={item.index === cursor.row ? cursor.column : -1}
            />
          );
        })}
      </div>
    </div>
  );
}

interface Cursor {
  row: number;
  column: number;
}

const cellId = (row: number, column: number): string => `cell-${row}-${column}`;

/** Where KEY leads from FROM; null: it is no key that moves. */
function moved(from: Cursor, key: string, page: number, last: Cursor): Cursor | null {
  const steps: Record<string, [number, number]> = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    PageDown: [page, 0],
    PageUp: [-page, 0],
    Home: [0, -Infinity],
    End: [0, Infinity],
  };
  const step = steps[key];
  if (!step) return null;
  return {
    row: Math.max(0, Math.min(last.row, from.row + step[0])),
    column: Math.max(0, Math.min(last.column, from.column + step[1])),
  };
}

interface LineProps extends Pick<Props, "tree" | "answer" | "byCell" | "copies" | "selected"> {
  row: Row;
  id: string;
  index: number;
  top: number;
  columns: VirtualItem[];
  /** The column of the cursor, where it is in this row; -1: it is not. */
  cursor: number;
}

/** A row with its cells: drawn once, however far one scrolls while it is in view. */
const Line = memo(function Line(props: LineProps) {
  const { row, id, index, top, columns, tree, answer, selected, cursor } = props;
  const runs = answer.runs;
  return (
    <div role="row" aria-rowindex={index + 2} className={classes.row} style={{ top, height: ROW }}>
      <Name row={row} id={id} tree={tree} selected={selected} />
      {columns.map((column) => {
        const found = letterOf(props, row, id, column.index);
        return (
          <div
            key={runs.key[column.index]}
            role="gridcell"
            id={cellId(index, column.index)}
            data-cursor={column.index === cursor || undefined}
            className={classes.cell}
            style={{ left: NAMES + column.start }}
            data-row={index}
            data-column={column.index}
            aria-label={`${id} in ${runs.run_id[column.index]}: ${found.words}`}
            title={`${id}\n${runs.run_id[column.index]}\n${found.words}`}
            data-selected={
              (runs.run_id[column.index] === selected.run &&
                id === selected.task &&
                row.mapIndex === selected.map) ||
              undefined
            }
          >
            {found.letter === ABSENT ? null : (
              <span className={classes.square} data-letter={found.letter} data-group={row.kind === "group" || undefined}>
                {found.shown}
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
});

interface HeadProps {
  answer: GridAnswer;
  at: number;
  left: number;
  height: number;
  seconds: number;
  selected: boolean;
}

function Head({ answer, at, left, height, seconds, selected }: HeadProps) {
  const { runs } = answer;
  const look = lookOf(runs.state[at]);
  const moment = runs.logical_date[at] ?? runs.run_after[at];
  const words = `${runs.run_id[at]}\n${fullMoment(moment)}\n${look.label}, ${duration(seconds)}\nversion ${runs.version[at]}`;
  return (
    <div
      role="columnheader"
      className={classes.run}
      style={{ left }}
      data-run={at}
      data-selected={selected || undefined}
      title={words}
      aria-label={words.replaceAll("\n", ", ")}
    >
      {at % 6 === 0 ? <span className={classes.date}>{shortMoment(moment)}</span> : null}
      <span className={classes.duration} style={{ height, background: look.color }} data-state={runs.state[at]} />
      {runs.run_type[at] === "manual" ? <span className={classes.kind}>▸</span> : null}
      {runs.run_type[at] === "backfill" ? <span className={classes.kind}>b</span> : null}
    </div>
  );
}

function Name({ row, id, tree, selected }: { row: Row; id: string; tree: Tree; selected: Selected }) {
  const kind = row.kind === "task" ? tree.structure.tasks.kind[row.place] : "";
  const operator = tree.structure.operators[tree.structure.tasks.operator[row.place] ?? -1];
  const hint = row.kind === "group" ? tree.structure.groups.tooltip[row.place] : operator;
  const isIt = row.kind !== "group" && id === selected.task;
  return (
    <div
      role="rowheader"
      className={classes.name}
      style={{ width: NAMES, paddingLeft: 10 + row.depth * 14 }}
      title={hint ? `${id}\n${hint}` : id}
      data-selected={isIt || undefined}
    >
      {row.folds ? (
        <button type="button" className={classes.fold} data-fold={id} aria-expanded={row.open} aria-label={id} tabIndex={-1}>
          {row.open ? "▾" : "▸"}
        </button>
      ) : (
        <span className={classes.noFold} />
      )}
      <span className={classes.label} data-kind={row.kind}>
        {row.label}
      </span>
      {kind === "s" ? <span className={classes.mark}>setup</span> : null}
      {kind === "t" ? <span className={classes.mark}>teardown</span> : null}
      {row.kind === "task" && tree.structure.tasks.mapped[row.place] ? <span className={classes.mark}>mapped</span> : null}
    </div>
  );
}

function letterOf(props: LineProps, row: Row, id: string, column: number): { letter: string; shown: string; words: string } {
  const { tree, answer, byCell, copies } = props;
  const states = answer.states[column] ?? "";
  if (row.kind === "group") {
    const letter = groupLetter(tree, row.place, states);
    return { letter, shown: "", words: letter === ABSENT ? "not in this run" : lookOfLetter(letter).label };
  }
  if (row.kind === "copy") {
    const letter = copies.get(id)?.[String(answer.runs.key[column])]?.[row.mapIndex] ?? ABSENT;
    return { letter, shown: "", words: letter === ABSENT ? "no such copy" : lookOfLetter(letter).label };
  }
  const letter = states[row.place] ?? ABSENT;
  const counted = byCell.get(cellKey(row.place, column));
  if (!counted) return { letter, shown: "", words: letter === ABSENT ? "not in this run" : lookOfLetter(letter).label };
  const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
  const words = Object.entries(counted).map(([one, count]) => `${count} ${lookOfLetter(one).label}`);
  return { letter, shown: total > 99 ? "…" : String(total), words: words.join(", ") };
}
