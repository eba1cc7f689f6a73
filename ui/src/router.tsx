/** Every address of the page and the view that it shows; what a view keeps of its state in the address is read here. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { client, dagQuery, dagsQuery, gridQuery } from "./api/queries";
import { Shell } from "./parts/Shell";
import { Crash, NotFound } from "./parts/Says";
import { day, flag, folds, numeral, oneOf, text, words } from "./lib/address";

type Search = Record<string, unknown>;
/** What a view keeps in its address: all of it may be left out. */
const kept =
  <T,>(read: (search: Search) => T) =>
  (search: Search): Partial<T> =>
    read(search);
const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Crash });

const way = (value: unknown) => oneOf(value, ["right", "down"]);

/** Whether one goes there: then what the view will show is asked for at once, and not where the pointer only passes. */
const goes = (at: { cause: string }): boolean => at.cause === "enter";

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("./views/home/Home")),
  validateSearch: kept((s) => ({ hours: numeral(s.hours) })),
});
const dags = createRoute({
  getParentRoute: () => root,
  path: "/dags",
  loader: (at) => {
    if (goes(at)) void client.prefetchQuery(dagsQuery);
  },
  component: lazyRouteComponent(() => import("./views/dags/Dags")),
  validateSearch: kept((s) => ({
    q: text(s.q),
    tags: words(s.tags),
    owners: words(s.owners),
    show: oneOf(s.show, ["active", "paused", "failed", "running", "held"]),
    sort: oneOf(s.sort, ["name", "next"]),
  })),
});

const dag = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId",
  loader: (at) => {
    if (goes(at)) void client.prefetchQuery(dagQuery(at.params.dagId));
  },
  component: lazyRouteComponent(() => import("./views/dag/DagPage")),
});
const inDag = () => dag;
const grid = createRoute({
  getParentRoute: inDag,
  path: "/",
  component: lazyRouteComponent(() => import("./views/dag/Grid")),
  loader: (at) => {
    if (goes(at)) void client.prefetchInfiniteQuery(gridQuery(at.params.dagId));
  },
  validateSearch: kept((s) => ({ run: text(s.run), task: text(s.task), map: numeral(s.map), q: text(s.q), ...folds(s) })),
});
const graph = createRoute({
  getParentRoute: inDag,
  path: "/graph",
  component: lazyRouteComponent(() => import("./views/dag/GraphView")),
  validateSearch: kept((s) => ({ run: text(s.run), way: way(s.way), ...folds(s) })),
});
const gantt = createRoute({
  getParentRoute: inDag,
  path: "/gantt",
  component: lazyRouteComponent(() => import("./views/dag/GanttView")),
  validateSearch: kept((s) => ({ run: text(s.run) })),
});
const calendar = createRoute({
  getParentRoute: inDag,
  path: "/calendar",
  component: lazyRouteComponent(() => import("./views/dag/Calendar")),
  validateSearch: kept((s) => ({ year: numeral(s.year), day: day(s.day) })),
});
const durations = createRoute({
  getParentRoute: inDag,
  path: "/durations",
  component: lazyRouteComponent(() => import("./views/dag/Durations")),
  validateSearch: kept((s) => ({ task: text(s.task) })),
});
const runs = createRoute({
  getParentRoute: inDag,
  path: "/runs",
  component: lazyRouteComponent(() => import("./views/dag/Runs")),
  validateSearch: kept((s) => ({ state: oneOf(s.state, ["queued", "running", "success", "failed"]) })),
});
const code = createRoute({
  getParentRoute: inDag,
  path: "/code",
  component: lazyRouteComponent(() => import("./views/dag/CodeView")),
  validateSearch: kept((s) => ({ version: numeral(s.version), line: numeral(s.line) })),
});
const versions = createRoute({
  getParentRoute: inDag,
  path: "/versions",
  component: lazyRouteComponent(() => import("./views/dag/Versions")),
  validateSearch: kept((s) => ({ old: numeral(s.old), new: numeral(s.new), of: oneOf(s.of, ["source", "meaning"]) })),
});
const details = createRoute({
  getParentRoute: inDag,
  path: "/details",
  component: lazyRouteComponent(() => import("./views/dag/Details")),
});
const dagEvents = createRoute({
  getParentRoute: inDag,
  path: "/events",
  component: lazyRouteComponent(() => import("./views/dag/DagEvents")),
  validateSearch: kept((s) => ({ show: text(s.show) })),
});
const backfills = createRoute({
  getParentRoute: inDag,
  path: "/backfills",
  component: lazyRouteComponent(() => import("./views/dag/Backfills")),
  validateSearch: kept((s) => ({
    from: text(s.from),
    to: text(s.to),
    again: oneOf(s.again, ["none", "failed", "completed"]),
    backwards: flag(s.backwards),
    active: numeral(s.active),
  })),
});
const trigger = createRoute({
  getParentRoute: inDag,
  path: "/trigger",
  component: lazyRouteComponent(() => import("./views/dag/Trigger")),
  validateSearch: kept((s) => ({ mode: oneOf(s.mode, ["form", "json"]), like: text(s.like) })),
});

const run = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId",
  component: lazyRouteComponent(() => import("./views/run/RunPage")),
  validateSearch: kept((s) => ({
    tab: oneOf(s.tab, ["tasks", "graph", "gantt", "details"]),
    state: text(s.state),
    way: way(s.way),
    ...folds(s),
  })),
});
const task = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId/tasks/$taskId",
  component: lazyRouteComponent(() => import("./views/task/TaskPage")),
  validateSearch: kept((s) => ({
    map: numeral(s.map),
    try: numeral(s.try),
    tab: oneOf(s.tab, ["log", "attempts", "usage", "fields", "xcoms", "job", "events", "details"]),
    start: text(s.start),
    line: numeral(s.line),
    q: text(s.q),
    times: flag(s.times),
    open: flag(s.open),
  })),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  component: lazyRouteComponent(() => import("./views/jobs/JobPage")),
  validateSearch: kept((s) => ({
    path: text(s.path),
    tab: oneOf(s.tab, ["graph", "job", "runs", "try"]),
    dag: text(s.dag),
    task: text(s.task),
  })),
});

const admin = <P extends string>(path: P, load: () => Promise<{ default: () => React.JSX.Element }>) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load),
    validateSearch: kept((s) => ({ q: text(s.q), show: text(s.show), id: text(s.id) })),
  });

const tree = root.addChildren([
  home,
  dags,
  dag.addChildren([
    grid,
    graph,
    gantt,
    calendar,
    durations,
    runs,
    code,
    versions,
    details,
    dagEvents,
    backfills,
    trigger,
  ]),
  run,
  task,
  jobs,
  admin("/import", () => import("./views/admin/Import")),
  admin("/assets", () => import("./views/admin/Assets")),
  admin("/cronjobs", () => import("./views/admin/CronJobs")),
  admin("/pools", () => import("./views/admin/Pools")),
  admin("/variables", () => import("./views/admin/Variables")),
  admin("/connections", () => import("./views/admin/Connections")),
  admin("/events", () => import("./views/admin/Events")),
  admin("/users", () => import("./views/admin/Users")),
  admin("/health", () => import("./views/admin/Health")),
  admin("/questions", () => import("./views/admin/Questions")),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
