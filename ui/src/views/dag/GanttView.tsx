/** When the tasks of a run waited and ran, one below the other. */
import { Group, Text } from "@mantine/core";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import * as api from "@/api/calls";
import { ofRun, useLive } from "@/api/live";
import type { RunAnswer } from "@/api/types";
import { ticks } from "@/lib/axis";
import { lookOf } from "@/lib/states";
import { clock, duration, shortMoment } from "@/lib/time";
import { useNow } from "@/parts/Moment";
import { Empty, Loaded } from "@/parts/Says";
import { RunSelect, useNewestRuns } from "./GraphView";
import classes from "./GanttView.module.css";

const route = getRouteApi("/dags/$dagId/gantt");
const ROW = 24;

export default function GanttView() {
  const { dagId } = route.useParams();
  const { run } = route.useSearch();
  const navigate = route.useNavigate();
  const newest = useNewestRuns(dagId).data?.runs;
  const shown = run ?? newest?.run_id[0];
  return (
    <div className={classes.view}>
      <Group gap="xs" px="md" py={6} className={classes.bar}>
        <RunSelect dagId={dagId} value={run} onChange={(to) => void navigate({ search: { run: to }, replace: true })} />
        <Text size="xs" className="faint">
          Hatched: from queued to begun.
        </Text>
      </Group>
      {shown ? <RunGantt dagId={dagId} runId={shown} /> : newest ? <Empty title="It has no runs yet" /> : null}
    </div>
  );
}

export function RunGantt({ dagId, runId }: { dagId: string; runId: string }) {
  const query = useLive({
    queryKey: ["run", dagId, runId],
    queryFn: ({ signal }) => api.run(dagId, runId, { signal }),
    heeds: ofRun(dagId, runId),
  });
  return <Loaded query={query}>{(data) => <Chart data={data} />}</Loaded>;
}

interface Bar {
  task: string;
  map: number;
  state: string;
  queued: number | null;
  begin: number;
  end: number | null;
}

const ms = (text: string | null | undefined): number | null => (text ? new Date(text).getTime() : null);

function Chart({ data }: { data: RunAnswer }) {
  const box = useRef<HTMLDivElement>(null);
  const { run, tasks } = data;
  const open = run.end_date === null;
  const now = useNow(open);
  const bars = useMemo(() => barsOf(data), [data]);
  const virtual = useVirtualizer({
    count: bars.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  if (!bars.length) return <Empty title="No task of this run has begun yet" />;
  const first = Math.min(...bars.map((bar) => bar.queued ?? bar.begin));
  const last = Math.max(first + 1000, ...bars.map((bar) => bar.end ?? now));
  const span = last - first;
  const at = (moment: number) => `${(100 * (moment - first)) / span}%`;
  const marks = ticks(first, last, 8);
  const words = span > 86_400_000 ? shortMoment : clock;
  return (
    <div ref={box} className={classes.box} tabIndex={0} role="region" aria-label="Gantt chart">
      <div className={classes.axis}>
        <div className={classes.names}>
          {bars.length} of {tasks.task_id.length} have begun
        </div>
        <div className={classes.plot}>
          {marks.map((mark) => (
            <span key={mark} className={classes.tick} style={{ left: at(mark) }}>
              {words(mark)}
            </span>
          ))}
        </div>
      </div>
      <ul className={classes.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const bar = bars[item.index] as Bar;
          const look = lookOf(bar.state);
          const end = bar.end ?? now;
          const label = bar.map < 0 ? bar.task : `${bar.task}[${bar.map}]`;
          const took = duration((end - bar.begin) / 1000);
          return (
            <li key={label} className={classes.row} style={{ transform: `translateY(${item.start}px)`, height: ROW }}>
              <Link
                to="/dags/$dagId/runs/$runId/tasks/$taskId"
                params={{ dagId: run.dag_id, runId: run.dag_run_id, taskId: bar.task }}
                search={{ map: bar.map < 0 ? undefined : bar.map }}
                className={classes.names}
                title={label}
              >
                {label}
              </Link>
              <div className={classes.plot}>
                {marks.map((mark) => (
                  <span key={mark} className={classes.line} style={{ left: at(mark) }} />
                ))}
                {bar.queued !== null && bar.queued < bar.begin ? (
                  <span
                    className={classes.waited}
                    style={{ left: at(bar.queued), width: `${(100 * (bar.begin - bar.queued)) / span}%` }}
                  />
                ) : null}
                <span
                  className={classes.ran}
                  role="img"
                  aria-label={`${label}: ${look.label}, ${took}`}
                  title={`${label}\n${look.label}, ${took}`}
                  style={{
                    left: at(bar.begin),
                    width: `max(3px, ${(100 * (end - bar.begin)) / span}%)`,
                    background: look.color,
                  }}
                />
                <span className={classes.took} style={{ left: `calc(${at(end)} + 5px)` }}>
                  {took}
                </span>
              </div>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function barsOf({ tasks }: RunAnswer): Bar[] {
  const out: Bar[] = [];
  tasks.task_id.forEach((task, at) => {
    const begin = ms(tasks.start_date[at]);
    if (begin === null) return;
    out.push({
      task,
      map: tasks.map_index[at] ?? -1,
      state: tasks.state[at] ?? "none",
      queued: ms(tasks.queued_at[at]),
      begin,
      end: ms(tasks.end_date[at]),
    });
  });
  return out.sort((a, b) => a.begin - b.begin);
}
