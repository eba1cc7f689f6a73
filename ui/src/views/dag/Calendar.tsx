/** Which days ran, failed, were missed, and which are to come. */
import { ActionIcon, Group, Text, TextInput, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useLayoutEffect, useRef } from "react";
import * as api from "@/api/calls";
import { ofDag, useLive } from "@/api/live";
import type { CalendarAnswer } from "@/api/types";
import { dayKind, daysOf, dayWords } from "@/lib/calendar";
import { Loaded } from "@/parts/Says";
import { CalendarDay } from "./CalendarDay";
import classes from "./Calendar.module.css";

const route = getRouteApi("/dags/$dagId/calendar");
const LEGEND = [
  ["success", "all succeeded"],
  ["failed", "some failed"],
  ["missed", "some were missed"],
  ["running", "under way"],
  ["planned", "to come"],
  ["empty", "no runs"],
] as const;
const WEEKDAYS = ["Mon", "", "Wed", "", "Fri", "", "Sun"];
const CELL = 15;
/** Where the first week begins, right of the names of weekdays. */
const LEFT = 36;

export default function Calendar() {
  const { dagId } = route.useParams();
  const { year } = route.useSearch();
  const query = useLive({
    queryKey: ["calendar", dagId, year ?? 0],
    queryFn: ({ signal }) => api.calendar(dagId, year ?? 0, { signal }),
    heeds: ofDag(dagId),
    every: 15_000,
  });
  return <Loaded query={query}>{(data) => <Year dagId={dagId} data={data} />}</Loaded>;
}

function Year({ dagId, data }: { dagId: string; data: CalendarAnswer }) {
  const navigate = route.useNavigate();
  const { day: chosen } = route.useSearch();
  const go = (year: number) => void navigate({ search: { year } });
  const choose = (day: string | undefined) => void navigate({ search: (before) => ({ ...before, day }), replace: true });
  const totals: Record<string, number> = {};
  for (const counted of Object.values(data.days))
    for (const [letter, count] of Object.entries(counted)) totals[letter] = (totals[letter] ?? 0) + count;
  return (
    <div className={classes.view} tabIndex={0} role="region" aria-label="Calendar">
      <Group gap="xs" mb="sm">
        <ActionIcon onClick={() => go(data.year - 1)} aria-label={String(data.year - 1)}>
          <IconChevronLeft size={16} />
        </ActionIcon>
        <Title order={2}>{data.year}</Title>
        <ActionIcon onClick={() => go(data.year + 1)} aria-label={String(data.year + 1)}>
          <IconChevronRight size={16} />
        </ActionIcon>
        <TextInput
          type="date"
          aria-label="Day"
          value={chosen ?? ""}
          min={`${data.year}-01-01`}
          max={`${data.year}-12-31`}
          onChange={(event) => choose(event.currentTarget.value || undefined)}
        />
        <Text size="sm">{dayWords(totals)}</Text>
        <Text size="xs" className="faint">
          Days by the clocks of {data.timezone}
          {data.foretold ? "" : "; its schedule has too many moments to say which were missed"}
        </Text>
      </Group>
      <Days data={data} words={dayWords(totals)} chosen={chosen} choose={choose} />
      <Group gap="md" mt="sm">
        {LEGEND.map(([kind, words]) => (
          <Group key={kind} gap={6}>
            <svg width={12} height={12} aria-hidden="true">
              <rect width={12} height={12} rx={2} className={classes.day} data-kind={kind} />
            </svg>
            <Text size="xs">{words}</Text>
          </Group>
        ))}
      </Group>
      {chosen ? <CalendarDay dagId={dagId} day={chosen} onClose={() => choose(undefined)} /> : null}
      <Troubles dagId={dagId} data={data} />
    </div>
  );
}

/** The days of a year in squares, a week in a column. */
function Days({ data, words, chosen, choose }: { data: CalendarAnswer; words: string; chosen?: string; choose: (day: string | undefined) => void }) {
  const { days, months, weeks } = daysOf(data.year);
  const shown = chosen ?? new Date().toISOString().slice(0, 10);
  const strip = useInSight(days.find((day) => day.date === shown)?.week);
  return (
    <div className={classes.strip} ref={strip} tabIndex={0} role="region" aria-label={`Days of ${data.year}`}>
      <svg
        width={LEFT + weeks * CELL + 4}
        height={7 * CELL + 24}
        className={classes.chart}
        role="img"
        aria-label={`${data.year}: ${words}`}
        onClick={(event) => {
          const { day } = (event.target as SVGElement).dataset;
          if (day) choose(day === chosen ? undefined : day);
        }}
      >
        {months.map((month) => (
          <text key={month.label} x={LEFT + month.week * CELL} y={11} className={classes.text}>
            {month.label}
          </text>
        ))}
        {WEEKDAYS.map((name, at) => (
          <text key={at} x={0} y={20 + at * CELL + 10} className={classes.text}>
            {name}
          </text>
        ))}
        {days.map((day) => {
          const counted = data.days[day.date];
          return (
            <g key={day.date} transform={`translate(${LEFT + day.week * CELL}, ${20 + day.weekday * CELL})`}>
              <rect width={CELL - 3} height={CELL - 3} rx={2} className={classes.day} data-kind={dayKind(counted)} data-day={day.date} data-chosen={day.date === chosen || undefined}>
                <title>{`${day.date}: ${dayWords(counted)}`}</title>
              </rect>
              {dayKind(counted) === "failed" ? <path d="M3 3 9 9M9 3 3 9" className={classes.cross} /> : null}
              {dayKind(counted) === "missed" ? <circle cx={6} cy={6} r={2} className={classes.dot} /> : null}
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** For the box of the days: where they do not all fit, WEEK is in sight. */
function useInSight(week: number | undefined) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    if (week === undefined || !current) return;
    const right = LEFT + (week + 2) * CELL;
    if (right > current.scrollLeft + current.clientWidth || right - 2 * CELL < current.scrollLeft) current.scrollLeft = right - current.clientWidth;
  }, [week]);
  return box;
}

/** The days on which something failed or was missed, in words, the newest first. */
function Troubles({ dagId, data }: { dagId: string; data: CalendarAnswer }) {
  const bad = Object.entries(data.days)
    .filter(([, counted]) => counted.F || counted.m)
    .sort(([a], [b]) => b.localeCompare(a))
    .slice(0, 60);
  if (!bad.length) return null;
  return (
    <>
      <Title order={3} mt="lg" mb={4}>
        Days to look at
      </Title>
      <ul className={classes.list}>
        {bad.map(([date, counted]) => (
          <li key={date}>
            <Link to="/dags/$dagId/calendar" params={{ dagId }} search={{ year: data.year, day: date }} replace className="mono">
              {date}
            </Link>{" "}
            {dayWords(counted)}
          </li>
        ))}
      </ul>
    </>
  );
}
