/** CronJobs of Kubernetes: those that GoFlow has placed for DAGs, and those of others that it watches. */
import { Alert, Badge, Group, SegmentedControl, Text, TextInput, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconSearch } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import * as api from "@/api/calls";
import { ofKinds, useLive } from "@/api/live";
import type { CronJob, CronJobs as Found } from "@/api/types";
import { Ago } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Empty, Loaded } from "@/parts/Says";
import { VirtualTable, type Column } from "@/parts/VirtualTable";
import { useAdmin } from "./useAdmin";

const SHOWN = [
  { value: "", label: "All" },
  { value: "placed", label: "Placed" },
  { value: "watched", label: "Watched" },
  { value: "problem", label: "With problems" },
];
const COLORS: Record<CronJob["state"], string> = {
  active: "green",
  suspended: "gray",
  absent: "yellow",
  problem: "red",
};

function shows(one: CronJob, show: string): boolean {
  if (show === "placed") return one.placed;
  if (show === "watched") return !one.placed;
  return show !== "problem" || one.state === "problem" || one.state === "absent";
}

export default function CronJobs() {
  const query = useLive({
    queryKey: ["cronjobs"],
    queryFn: ({ signal }) => api.cronjobs({ signal }),
    heeds: ofKinds("cronjob.", "dag.", "run.created"),
    every: 15000,
  });
  return <Loaded query={query}>{(data) => <List found={data} />}</Loaded>;
}

function List({ found }: { found: Found }) {
  const { search, set } = useAdmin();
  const show = search.show ?? "";
  const rows = useMemo(() => {
    const word = (search.q ?? "").toLowerCase();
    return found.cronjobs.filter(
      (one) => shows(one, show) && `${one.namespace}/${one.name} ${one.dag_id}`.toLowerCase().includes(word),
    );
  }, [found, show, search.q]);
  return (
    <Page
      title="CronJobs"
      scrolls={false}
      beside={
        <Text size="sm" className="faint number" role="status">
          {rows.length === found.cronjobs.length ? rows.length : `${rows.length} of ${found.cronjobs.length}`}
        </Text>
      }
      below={
        <Group gap="xs" mt={8} wrap="wrap">
          <TextInput
            aria-label="Search CronJobs"
            placeholder="Namespace, name or DAG"
            leftSection={<IconSearch size={14} />}
            value={search.q ?? ""}
            onChange={(event) => set({ q: event.currentTarget.value || undefined })}
            w={260}
            data-autofocus
          />
          <SegmentedControl
            aria-label="Which CronJobs"
            data={SHOWN}
            value={show}
            onChange={(value) => set({ show: value || undefined })}
          />
        </Group>
      }
    >
      {found.trouble ? (
        <Alert
          m="md"
          color="yellow"
          variant="light"
          icon={<IconAlertTriangle size={18} />}
          title="CronJobs are not looked after just now"
        >
          {found.trouble}. What is shown is how they stood before. Kubernetes goes on with them meanwhile.
        </Alert>
      ) : null}
      {rows.length ? (
        <VirtualTable rows={rows} columns={COLUMNS} label="CronJobs" keyOf={(one) => `${one.namespace}/${one.name}`} />
      ) : (
        <Empty title={found.cronjobs.length ? "No CronJob is like that" : "There are no CronJobs"}>
          A native DAG that says <code>RunAs: CronJob</code> is one, and those of others that bear the label{" "}
          <code>goflow.io/monitor: &quot;true&quot;</code> are watched.
        </Empty>
      )}
    </Page>
  );
}

const COLUMNS: Column<CronJob>[] = [
  {
    title: "CronJob",
    width: "minmax(130px, 1.3fr)",
    cell: (one) => (
      <span className="mono">
        {one.namespace}/{one.name}
      </span>
    ),
  },
  {
    title: "DAG",
    width: "minmax(100px, 1fr)",
    cell: (one) => (
      <Link to="/dags/$dagId" params={{ dagId: one.dag_id }}>
        {one.dag_display_name ?? one.dag_id}
      </Link>
    ),
  },
  { title: "Kind", width: "72px", cell: (one) => (one.placed ? "placed" : "watched") },
  {
    title: "State",
    width: "116px",
    cell: (one) => (
      <Badge color={COLORS[one.state]} variant="dot">
        {one.state}
      </Badge>
    ),
  },
  {
    title: "Schedule",
    width: "minmax(140px, 1.2fr)",
    cell: (one) => (
      <span title={`${one.schedule} ${one.time_zone ?? ""}`}>
        <span className="mono">{one.schedule}</span> <span className="faint">{one.time_zone}</span>
      </span>
    ),
  },
  { title: "Last", width: "108px", cell: (one) => <Ago at={one.last_schedule_at} /> },
  { title: "Next", width: "100px", cell: (one) => <Ago at={one.next_schedule_at} /> },
  { title: "To know", width: "minmax(110px, 1.6fr)", cell: (one) => <Remark one={one} /> },
];

/** Why it is not as it is wanted, else what was put right in it last. */
function Remark({ one }: { one: CronJob }) {
  const words = one.problem ?? one.mended;
  if (!words) return "";
  return (
    <Tooltip label={words} multiline maw={420}>
      <span tabIndex={0}>
        {one.problem ? null : one.mended_at ? <>mended <Ago at={one.mended_at} />: </> : "being mended: "}
        {words}
      </span>
    </Tooltip>
  );
}
