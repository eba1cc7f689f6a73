/** Ctrl-K: any DAG, run or view by a few letters, and what can be done here. */
import { Spotlight, createSpotlight, type SpotlightActionData, type SpotlightActionGroupData } from "@mantine/spotlight";
import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import * as api from "@/api/calls";
import { lookOf } from "@/lib/states";
import { PLACES } from "./Shell";

const [store, spotlight] = createSpotlight();
export const openPalette = () => spotlight.open();

/** Mantine keeps what is chosen as a mark in the list, and its number beside it. */
function chooseFirst(): void {
  const actions = document.getElementById(store.getState().listId)?.querySelectorAll("[data-action]") ?? [];
  actions.forEach((one, at) => (at === 0 ? one.setAttribute("data-selected", "true") : one.removeAttribute("data-selected")));
  store.updateState((state) => ({ ...state, selected: 0 }));
}

/** Letters that come after the shortcut and before the field has the focus (some 100 ms) belong into the field as well. */
function useEarlyLetters(add: (letter: string) => void): void {
  useEffect(() => {
    const early = (event: KeyboardEvent) => {
      const letter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (!letter || !store.getState().opened || (event.target as Element).closest("[role=dialog]")) return;
      event.preventDefault();
      add(event.key);
    };
    document.addEventListener("keydown", early);
    return () => document.removeEventListener("keydown", early);
  }, [add]);
}

const DAG_VIEWS = [
  ["", "Grid"],
  ["graph", "Graph"],
  ["gantt", "Gantt"],
  ["calendar", "Calendar"],
  ["durations", "Durations"],
  ["runs", "Runs"],
  ["code", "Code"],
  ["versions", "Versions"],
  ["details", "Details"],
  ["events", "Events of this DAG"],
  ["backfills", "Backfills"],
  ["trigger", "Trigger…"],
] as const;

export function Palette() {
  const [query, setQuery] = useState("");
  useEarlyLetters(useCallback((letter) => setQuery((before) => before + letter), []));
  const [asked] = useDebouncedValue(query.trim(), 150);
  const navigate = useNavigate();
  const { dagId } = useParams({ strict: false }) as { dagId?: string };
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const found = useQuery({
    queryKey: ["search", asked],
    queryFn: ({ signal }) => api.search(asked, { signal }),
    enabled: asked.length > 0,
    placeholderData: (before) => before,
  });
  // What is found later takes the place of what was chosen: Enter goes to the first of it.
  useEffect(() => {
    const timer = setTimeout(chooseFirst, 0);
    return () => clearTimeout(timer);
  }, [found.data, query]);
  const go = (to: string) => () => void navigate({ to });
  const inDag: SpotlightActionData[] = dagId
    ? DAG_VIEWS.map(([path, label]) => ({
        id: `view-${path}`,
        label,
        description: dagId,
        onClick: go(`/dags/${encodeURIComponent(dagId)}/${path}`.replace(/\/$/, "")),
      }))
    : [];
  const dags: SpotlightActionData[] = (found.data?.dags ?? []).map((dag) => ({
    id: `dag-${dag.dag_id}`,
    label: dag.dag_id,
    description: dag.name === dag.dag_id ? undefined : dag.name,
    keywords: asked,
    onClick: () => void navigate({ to: "/dags/$dagId", params: { dagId: dag.dag_id } }),
  }));
  const runs: SpotlightActionData[] = (found.data?.runs ?? []).map((run) => ({
    id: `run-${run.dag_id}-${run.run_id}`,
    label: run.run_id,
    description: `${run.dag_id}: ${lookOf(run.state).label}`,
    keywords: asked,
    onClick: () =>
      void navigate({ to: "/dags/$dagId/runs/$runId", params: { dagId: run.dag_id, runId: run.run_id } }),
  }));
  const does: SpotlightActionData[] = [
    {
      id: "scheme",
      label: dark ? "Light colours" : "Dark colours",
      keywords: "theme dark light",
      onClick: () => setColorScheme(dark ? "light" : "dark"),
    },
    { id: "api", label: "The API's documentation", onClick: () => window.location.assign("/docs") },
  ];
  const groups: SpotlightActionGroupData[] = [
    { group: "DAGs", actions: dags },
    { group: "Runs", actions: runs },
    { group: dagId ? "This DAG" : "", actions: inDag },
    {
      group: "Views",
      actions: PLACES.map((place) => ({
        id: `place-${place.to}`,
        label: place.label,
        leftSection: place.icon,
        onClick: go(place.to),
      })),
    },
    { group: "Do", actions: does },
  ].filter((one) => one.actions.length > 0);
  return (
    <Spotlight
      store={store}
      shortcut={["mod + K", "/"]}
      query={query}
      onQueryChange={setQuery}
      actions={groups}
      limit={40}
      highlightQuery
      scrollable
      maxHeight={420}
      nothingFound="Nothing has these letters"
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "DAG, run, view or command",
        "aria-label": "Search and commands",
      }}
    />
  );
}
