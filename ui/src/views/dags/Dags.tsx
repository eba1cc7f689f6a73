/** All DAGs: search, tags, owners, pause, trigger, last runs, next run. Thousands of rows, of which those in view exist. */
import { Badge, Group, MultiSelect, SegmentedControl, Text, TextInput, Tooltip } from "@mantine/core";
import { IconCalendarTime, IconPlayerPlay, IconSearch } from "@tabler/icons-react";
import { useMutation, useQueries, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useDeferredValue, useMemo, useRef } from "react";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import { dagsQuery, STRIPS_AT_ONCE, stripsKey } from "@/api/queries";
import { useMay } from "@/api/session";
import type { DagColumns, StripRun } from "@/api/types";
import { failed } from "@/lib/notes";
import { Ago } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { Strip } from "@/parts/Strip";
import { Toggle } from "@/parts/Toggle";
import { dagHref, tagHref, useFollow } from "@/parts/follow";
import { picked, rowsOf, tally, type DagRow, type Filter } from "./rows";
import classes from "./Dags.module.css";

const route = getRouteApi("/dags");
const CRONJOB = {
  placed: "Kubernetes begins its runs, by a CronJob that GoFlow has placed",
  watched: "A CronJob of somebody else's, which is watched and not touched",
};
const ROW_HEIGHT = 46;
const SHOWN = [
  { value: "", label: "All" },
  { value: "active", label: "Active" },
  { value: "paused", label: "Paused" },
  { value: "running", label: "Running" },
  { value: "failed", label: "Failed" },
];

export default function Dags() {
  const query = useLive({
    ...dagsQuery,
    heeds: ofKinds("dag.", "run."),
    every: 8000,
  });
  return <Loaded query={query}>{(data) => <List data={data} />}</Loaded>;
}

function List({ data }: { data: DagColumns }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const set = (changes: Partial<Filter>) =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  const all = useMemo(() => rowsOf(data), [data]);
  const filter = useDeferredValue(search as Filter);
  const rows = useMemo(() => picked(all, filter), [all, filter]);
  const late = useDeferredValue(true, false);
  return (
    <Page
      title="DAGs"
      scrolls={false}
      beside={
        <Text size="sm" className="faint number" role="status">
          {rows.length === all.length ? all.length : `${rows.length} of ${all.length}`}
        </Text>
      }
      below={
        <Group gap="xs" mt={8} wrap="wrap">
          <TextInput
            aria-label="Search DAGs"
            placeholder="Id, name, description or file"
            leftSection={<IconSearch size={14} />}
            value={search.q ?? ""}
            onChange={(event) => set({ q: event.currentTarget.value || undefined })}
            w={260}
            data-autofocus
          />
          {late ? <Choices all={all} search={search} set={set} /> : <span className={classes.later} />}
        </Group>
      }
    >
      {rows.length ? (
        <Rows rows={rows} sort={search.sort} onSort={(sort) => set({ sort })} />
      ) : (
        <Empty title={all.length ? "No DAG is like that" : "There are no DAGs yet"}>
          {all.length ? (
            "Take a filter away."
          ) : (
            <>
              Put a file into the DAG folder, or make a <Link to="/jobs">new job</Link> here. <Link to="/import">Import</Link> says what became of each file.
            </>
          )}
        </Empty>
      )}
    </Page>
  );
}

interface ChoicesProps {
  all: DagRow[];
  search: Partial<Filter>;
  set: (changes: Partial<Filter>) => void;
}

/** What narrows the list: drawn when the rows are there, since it takes as long as they do. */
function Choices({ all, search, set }: ChoicesProps) {
  const tags = useMemo(() => tally(all, "tags").map((one) => one.value), [all]);
  const owners = useMemo(() => tally(all, "owners").map((one) => one.value), [all]);
  return (
    <>
      <MultiSelect
        aria-label="Tags"
        placeholder={search.tags?.length ? "" : "Tags"}
        data={tags}
        value={search.tags ?? []}
        onChange={(value) => set({ tags: value.length ? value : undefined })}
        searchable
        clearable
        limit={100}
        miw={150}
        maw={300}
      />
      <MultiSelect
        aria-label="Owners"
        placeholder={search.owners?.length ? "" : "Owners"}
        data={owners}
        value={search.owners ?? []}
        onChange={(value) => set({ owners: value.length ? value : undefined })}
        searchable
        clearable
        limit={100}
        miw={140}
        maw={300}
      />
      <SegmentedControl
        aria-label="Which DAGs"
        data={SHOWN}
        value={search.show ?? ""}
        onChange={(value) => set({ show: (value || undefined) as Filter["show"] })}
      />
    </>
  );
}

function Rows({ rows, sort, onSort }: { rows: DagRow[]; sort?: Filter["sort"]; onSort: (sort: Filter["sort"]) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 4,
    initialRect: { width: innerWidth, height: innerHeight }, // until it is measured: rows are drawn with all else
  });
  const items = virtual.getVirtualItems();
  const strips = useStrips(rows, items[0]?.index ?? 0, items.at(-1)?.index ?? 0);
  const follow = useFollow();
  const mayOperate = useMay("operator");
  const { mutate: pause } = usePause();
  return (
    <div
      ref={box}
      className={classes.table}
      role="table"
      aria-label="DAGs"
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onClick={follow}
    >
      <div role="rowgroup" className={classes.headGroup}>
        <div role="row" className={classes.head}>
          <span role="columnheader">Active</span>
          <span role="columnheader" aria-sort={sort === "next" ? "none" : "ascending"}>
            <button type="button" className={classes.sort} onClick={() => onSort(undefined)}>
              DAG {sort === "next" ? "" : "↓"}
            </button>
          </span>
          <span role="columnheader">Last runs</span>
          <span role="columnheader">Schedule</span>
          <span role="columnheader" aria-sort={sort === "next" ? "ascending" : "none"}>
            <button type="button" className={classes.sort} onClick={() => onSort("next")}>
              Next run {sort === "next" ? "↓" : ""}
            </button>
          </span>
          <span role="columnheader">Owners</span>
          <span role="columnheader" className={classes.right}>
            Tasks
          </span>
          <span role="columnheader">
            <span className="visually-hidden">Actions</span>
          </span>
        </div>
      </div>
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
        {items.map((item) => {
          const row = rows[item.index] as DagRow;
          return (
            <div
              key={row.dagId}
              role="row"
              aria-rowindex={item.index + 2}
              className={classes.row}
              style={{ transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }}
            >
              <Cells row={row} strip={strips[row.dagId]} mayOperate={mayOperate} pause={pause} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** They are drawn once: most of a row's cost, and most rows stay while one scrolls. */
interface CellsProps {
  row: DagRow;
  strip: StripRun[] | undefined;
  mayOperate: boolean;
  pause: Pause;
}

const Cells = memo(function Cells({ row, strip, mayOperate, pause }: CellsProps) {
  return (
    <>
      <span role="cell">
        <PauseToggle dagId={row.dagId} paused={row.paused} disabled={!mayOperate} pause={pause} />
      </span>
      <span role="cell" className={classes.name}>
        <span className={classes.first}>
          <a href={dagHref(row.dagId)} className={classes.link}>
            {row.name}
          </a>
          {row.tags.slice(0, 4).map((tag) => (
            <a key={tag} href={tagHref(tag)} className={classes.tag}>
              {tag}
            </a>
          ))}
        </span>
        <span className={classes.second}>{row.description || row.file}</span>
      </span>
      <span role="cell">{strip ? <Strip dagId={row.dagId} runs={strip} /> : null}</span>
      <span role="cell" className={`${classes.cut} mono`} title={row.schedule}>
        {row.cronjob ? (
          <Tooltip label={CRONJOB[row.cronjob]}>
            <IconCalendarTime size={13} className={classes.cronjob} role="img" aria-label={CRONJOB[row.cronjob]} />
          </Tooltip>
        ) : null}
        {row.schedule === "None" ? <span className="faint">by hand</span> : row.schedule}
      </span>
      <span role="cell" className={classes.cut}>
        {row.held ? (
          <Tooltip label={row.held} multiline maw={360}>
            <Badge color="orange">held</Badge>
          </Tooltip>
        ) : row.paused ? (
          <span className="faint">paused</span>
        ) : (
          <Ago at={row.next} />
        )}
      </span>
      <span role="cell" className={classes.cut} title={row.owners.join(", ")}>
        {row.owners.join(", ")}
      </span>
      <span role="cell" className={`${classes.right} number`}>
        {row.tasks}
      </span>
      <span role="cell" className={classes.right}>
        {mayOperate ? (
          <a href={`${dagHref(row.dagId)}/trigger`} className={classes.act} title="Trigger" aria-label={`Trigger ${row.dagId}`}>
            <IconPlayerPlay size={16} />
          </a>
        ) : null}
      </span>
    </>
  );
});

type Pause = (change: { dagId: string; paused: boolean }) => void;

/** Pauses DAGs, and wakes them: shown at once, and taken back where the server refuses. */
function usePause() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ dagId, paused }: { dagId: string; paused: boolean }) => api.setPaused(dagId, paused),
    onMutate: ({ dagId, paused }) => {
      client.setQueryData<DagColumns>(["dags"], (before) =>
        before && {
          ...before,
          is_paused: before.is_paused.map((one, at) => (before.dag_id[at] === dagId ? paused : one)),
        },
      );
    },
    onError: failed,
    onSettled: (_answer, _problem, { dagId }) => {
      void client.invalidateQueries({ queryKey: ["dags"] });
      void client.invalidateQueries({ queryKey: ["dag", dagId] });
    },
  });
}

interface PauseProps {
  dagId: string;
  paused: boolean;
  disabled?: boolean;
}

function PauseToggle({ dagId, paused, disabled, pause }: PauseProps & { pause: Pause }) {
  return (
    <Toggle
      label={`${dagId} is active`}
      title={paused ? "Paused: its schedule makes no runs" : "Active"}
      on={!paused}
      disabled={disabled}
      onChange={(on) => pause({ dagId, paused: !on })}
    />
  );
}

/** The switch of one DAG. */
export function PauseSwitch(props: PauseProps) {
  const { mutate, isPending } = usePause();
  return <PauseToggle {...props} disabled={props.disabled || isPending} pause={mutate} />;
}

/** The strips of the rows in view, asked for in batches that stay the same while one scrolls. */
function useStrips(rows: DagRow[], first: number, last: number): Record<string, StripRun[]> {
  const [from, to] = [Math.floor(first / STRIPS_AT_ONCE), Math.ceil((last + 1) / STRIPS_AT_ONCE)];
  const batches = useMemo(() => {
    const starts = Array.from({ length: to - from }, (_, at) => (from + at) * STRIPS_AT_ONCE);
    return starts.map((start) => rows.slice(start, start + STRIPS_AT_ONCE).map((row) => row.dagId));
  }, [rows, from, to]);
  return useQueries({
    queries: batches.map((ids) => ({
      queryKey: stripsKey(ids),
      queryFn: ({ signal }: { signal: AbortSignal }) => api.strips(ids, { signal }),
      enabled: ids.length > 0,
      refetchInterval: 8000,
      placeholderData: (before: { strips: Record<string, StripRun[]> } | undefined) => before,
    })),
    combine: joined,
  });
}

const joined = (answers: { data?: { strips: Record<string, StripRun[]> } }[]): Record<string, StripRun[]> =>
  Object.assign({}, ...answers.map((one) => one.data?.strips)) as Record<string, StripRun[]>;
