/** How long runs, or one task's instances, took over time. */
import { Group, NativeSelect, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useComputedColorScheme } from "@mantine/core";
import * as api from "@/api/calls";
import { ofDag, useLive } from "@/api/live";
import type { DurationsAnswer } from "@/api/types";
import { duration, shortMoment } from "@/lib/time";
import { Empty, Loaded } from "@/parts/Says";
import { useDag, useTasks } from "./DagPage";
import classes from "./Durations.module.css";

const route = getRouteApi("/dags/$dagId/durations");

export default function Durations() {
  const { dagId } = route.useParams();
  const { task } = route.useSearch();
  const navigate = route.useNavigate();
  const tasks = useTasks(useDag(dagId).data).data;
  const query = useLive({
    queryKey: ["durations", dagId, task ?? ""],
    queryFn: ({ signal }) => api.durations(dagId, task, 500, { signal }),
    heeds: ofDag(dagId),
    every: 15_000,
  });
  return (
    <div className={classes.view} tabIndex={0} role="region" aria-label="Durations">
      <Group gap="xs" mb="sm">
        <NativeSelect
          aria-label="Of what"
          value={task ?? ""}
          onChange={(event) => void navigate({ search: { task: event.currentTarget.value || undefined }, replace: true })}
          data={[
            { value: "", label: "whole runs" },
            ...(tasks?.task_id ?? []).map((id) => ({ value: id, label: `task ${id}` })),
          ]}
          maw={320}
        />
      </Group>
      <Loaded query={query}>
        {(data) => (data.run_id.length ? <Figures data={data} /> : <Empty title="Nothing has run yet" />)}
      </Loaded>
    </div>
  );
}

function quantile(sorted: number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function Figures({ data }: { data: DurationsAnswer }) {
  const sorted = useMemo(() => [...data.seconds].sort((a, b) => a - b), [data.seconds]);
  const failures = data.state.filter((state) => state === "failed").length;
  return (
    <>
      <Text size="sm" mb="xs">
        {data.run_id.length} newest: median {duration(quantile(sorted, 0.5))}, 95 % within {duration(quantile(sorted, 0.95))},
        longest {duration(sorted.at(-1))}
        {failures ? `; ${failures} failed` : ""}.
      </Text>
      <Chart data={data} />
    </>
  );
}

/** What marks of the axis may be apart: seconds that `duration` writes without rounding them. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800];

function Chart({ data }: { data: DurationsAnswer }) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const style = getComputedStyle(element);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const text = color("--faint-text");
    const grid = { stroke: color("--line"), width: 1 };
    const bars = uPlot.paths.bars?.({ size: [0.7, 22], align: 0 });
    const of = (state: "failed" | "waited" | "other") =>
      data.seconds.map((seconds, at) => {
        if (state === "waited") return (data.waited[at] ?? 0) + seconds;
        return (data.state[at] === "failed") === (state === "failed") ? seconds : null;
      });
    const options: uPlot.Options = {
      width: element.clientWidth,
      height: 340,
      legend: { show: false },
      cursor: { y: false },
      scales: { x: { time: false, range: [-0.7, data.run_id.length - 0.3] }, y: { range: (_, __, max) => [0, max || 1] } },
      axes: [
        {
          stroke: text,
          grid: { show: false },
          ticks: { show: false },
          space: 92, // as wide as a moment
          values: (_, places) =>
            places.map((place) => {
              const at = data.start_date[place];
              if (at === undefined) return "";
              return shortMoment(at);
            }),
        },
        { stroke: text, grid, ticks: grid, size: 70, incrs: STEPS, values: (_, all) => all.map((one) => duration(one)) },
      ],
      series: [
        {},
        { label: "waited", paths: bars, fill: color("--day-planned"), stroke: "transparent", points: { show: false } },
        { label: "ran", paths: bars, fill: color("--state-success"), stroke: "transparent", points: { show: false } },
        { label: "failed", paths: bars, fill: color("--state-failed"), stroke: "transparent", points: { show: false } },
      ],
    };
    const places = data.run_id.map((_, at) => at);
    const plot = new uPlot(options, [places, of("waited"), of("other"), of("failed")], element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 340 }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [data, scheme]);
  return (
    <>
      <div ref={box} className={classes.chart} role="img" aria-label="Durations, the oldest on the left" />
      <Group gap="md" mt={4}>
        <Key color="var(--state-success)" words="ran" />
        <Key color="var(--state-failed)" words="ran and failed" />
        <Key color="var(--day-planned)" words="waited since it was queued" />
      </Group>
    </>
  );
}

function Key({ color, words }: { color: string; words: string }) {
  return (
    <Group gap={6}>
      <span style={{ width: 12, height: 12, borderRadius: 2, background: color }} aria-hidden="true" />
      <Text size="xs">{words}</Text>
    </Group>
  );
}
