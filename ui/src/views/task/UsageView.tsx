/** What the attempts of a task have used: CPU and memory over time against request and limit, and hints. */
import { Alert, Group, Stack, Text, Title, useComputedColorScheme } from "@mantine/core";
import { IconBulb } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import * as api from "@/api/calls";
import { useLive, type Happened } from "@/api/live";
import type { UsageAnswer } from "@/api/types";
import { bytes, clock, duration } from "@/lib/time";
import { ceiling, cpus, curves } from "@/lib/usage";
import type { Ref } from "@/parts/Effects";
import { Facts } from "@/parts/Facts";
import { Empty, Loaded } from "@/parts/Says";

export default function UsageView({ at, tryNumber }: { at: Ref; tryNumber?: number }) {
  const query = useLive({
    queryKey: ["usage", at.dagId, at.runId, at.taskId, at.mapIndex, tryNumber ?? 0],
    queryFn: ({ signal }) => api.usage(at, tryNumber, { signal }),
    heeds: (event: Happened) => event.dag_id === at.dagId && event.run_id === at.runId && event.task_id === at.taskId,
    every: 10_000,
  });
  return <Loaded query={query}>{(data) => <Body data={data} at={at} />}</Loaded>;
}

function Body({ data, at }: { data: UsageAnswer; at: Ref }) {
  const one = data.attempts.find((attempt) => attempt.try_number === data.try_number);
  const drawn = useMemo(() => curves(data.series), [data.series]);
  if (!one) return <Empty title="It has not begun yet" />;
  const asked = data.resources;
  return (
    <Stack gap="md">
      <Hints at={at} />
      <Facts
        facts={[
          ["Try", one.try_number],
          ["Waited", duration(one.wait_seconds)],
          ["Ran", duration(one.run_seconds)],
          ["CPU time", duration(one.cpu_seconds)],
          ["Peak memory", bytes(one.memory_bytes)],
          ["Peak with page cache", bytes(one.cached_bytes)],
          ["Asks for", asked ? words(asked.memory_request, asked.cpu_request) : ""],
          ["Limited to", asked ? words(asked.memory_limit, asked.cpu_limit) : ""],
          ["Measured by", one.source],
        ]}
      />
      {drawn.at.length > 1 ? (
        <>
          <Plot
            title="Memory"
            at={drawn.at}
            values={drawn.memory}
            request={asked?.memory_request ?? null}
            limit={asked?.memory_limit ?? null}
            say={bytes}
            steps={BINARY}
          />
          <Plot
            title="CPU"
            at={drawn.at}
            values={drawn.cpus}
            request={asked?.cpu_request ?? null}
            limit={asked?.cpu_limit ?? null}
            say={cpus}
          />
        </>
      ) : (
        <Empty title="No samples over time">
          They are taken every ten seconds or so while it runs; what ends sooner has the figures above.
        </Empty>
      )}
    </Stack>
  );
}

const words = (memory: number | null, cpu: number | null): string => [bytes(memory), cpus(cpu)].filter(Boolean).join(", ");

function Hints({ at }: { at: Ref }) {
  const { data } = useQuery({
    queryKey: ["usage-hints", at.dagId, at.taskId],
    queryFn: ({ signal }) => api.taskUsage(at.dagId, at.taskId, { signal }),
    staleTime: 60_000,
  });
  if (!data?.hints.length) return null;
  return (
    <Alert color="blue" variant="light" icon={<IconBulb size={18} />} title="What follows from its newest runs">
      {data.hints.map((hint) => (
        <Text size="sm" key={hint.kind}>
          {hint.kind === "out_of_memory" ? hint.text : `It ${hint.text}`}.
        </Text>
      ))}
    </Alert>
  );
}

interface PlotProps {
  title: string;
  at: number[];
  values: (number | null)[];
  request: number | null;
  limit: number | null;
  say: (value: number | null) => string;
  /** What marks of the axis may be apart. */
  steps?: number[];
}

const HEIGHT = 220;
/** What marks of the axis of time may be apart. */
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
const BINARY = Array.from({ length: 44 }, (_, power) => 2 ** power);

function Plot({ title, at, values, request, limit, say, steps }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  const peak = Math.max(0, ...values.map((value) => value ?? 0));
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const style = getComputedStyle(element);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const grid = { stroke: color("--line"), width: 1 };
    const top = ceiling(values, [request, limit]);
    const level = (line: number | null) => at.map(() => (line !== null && line <= top ? line : null));
    const options: uPlot.Options = {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false },
      scales: { y: { range: [0, top] } },
      axes: [
        {
          stroke: color("--faint-text"),
          grid: { show: false },
          ticks: grid,
          space: 84, // as wide as a moment
          incrs: SECONDS,
          values: (_, all) => all.map((one) => clock(one * 1000)),
        },
        {
          stroke: color("--faint-text"),
          grid,
          ticks: grid,
          size: 80,
          ...(steps ? { incrs: steps } : {}),
          values: (_, all) => all.map((one) => say(one)),
        },
      ],
      series: [
        {},
        { label: "used", stroke: color("--state-running"), width: 2, points: { show: at.length < 30 } },
        { label: "request", stroke: color("--state-up-for-retry"), width: 1, dash: [6, 4], points: { show: false } },
        { label: "limit", stroke: color("--state-failed"), width: 1, dash: [2, 3], points: { show: false } },
      ],
    };
    const plot = new uPlot(options, [at, values, level(request), level(limit)], element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
  }, [at, values, request, limit, say, steps, scheme]);
  return (
    <section>
      <Title order={2} mb={6}>
        {title} over time
      </Title>
      <div ref={box} role="img" aria-label={`${title} over time, at most ${say(peak)}`} />
      <Group gap="md" mt={4}>
        <Key color="var(--state-running)" says={`used, at most ${say(peak)}`} />
        {request === null ? null : <Key color="var(--state-up-for-retry)" says={`asks for ${say(request)}`} />}
        {limit === null ? null : <Key color="var(--state-failed)" says={`limited to ${say(limit)}`} />}
      </Group>
    </section>
  );
}

function Key({ color, says }: { color: string; says: string }) {
  return (
    <Group gap={6}>
      <span style={{ width: 12, height: 3, background: color }} aria-hidden="true" />
      <Text size="xs">{says}</Text>
    </Group>
  );
}

