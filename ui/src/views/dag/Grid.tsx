/** Runs by tasks. Only what is in view exists as elements, both ways; a cell is found by its place, by mouse or by key. */
import { ActionIcon, Button, Group, Text, TextInput, Tooltip } from "@mantine/core";
import { IconFold, IconSearch, IconX } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo, useRef } from "react";
import * as api from "@/api/calls";
import { ofDag, stream, useConnected } from "@/api/live";
import { gridQuery } from "@/api/queries";
import type { GridAnswer } from "@/api/types";
import type { Folds } from "@/lib/address";
import { copiesByCell, copyCounts, joinPages, openNow, rowsOf, taskId, treeOf, turnedOver } from "@/lib/tree";
import { Empty, Loaded } from "@/parts/Says";
import { TaskPanel } from "../task/TaskPanel";
import { RunPanel } from "../run/RunPanel";
import classes from "./Grid.module.css";
import { GridTable } from "./GridTable";

const route = getRouteApi("/dags/$dagId/");
const ASK_MS = 4000;
const WITH_STREAM_MS = 60_000;

function useGrid(dagId: string) {
  const connected = useConnected();
  const query = useInfiniteQuery({
    ...gridQuery(dagId),
    refetchInterval: connected ? WITH_STREAM_MS : ASK_MS,
  });
  const { refetch } = query;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const concerns = ofDag(dagId);
    const end = stream.listen((event) => {
      if (timer !== undefined || !concerns(event)) return;
      timer = setTimeout(() => {
        timer = undefined;
        void refetch();
      }, 500);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [dagId, refetch]);
  return query;
}

export default function Grid() {
  const { dagId } = route.useParams();
  const query = useGrid(dagId);
  const answer = useMemo(() => joinPages(query.data?.pages ?? []), [query.data]);
  return (
    <Loaded query={{ data: answer ?? undefined, error: query.error, refetch: query.refetch }}>
      {(data) => (
        <Board
          dagId={dagId}
          answer={data}
          older={query.hasNextPage ? () => void query.fetchNextPage() : undefined}
          asking={query.isFetchingNextPage}
        />
      )}
    </Loaded>
  );
}

interface BoardProps {
  dagId: string;
  answer: GridAnswer;
  older?: () => void;
  asking: boolean;
}

function Board({ dagId, answer, older, asking }: BoardProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tree = useMemo(
    () => (answer.structure ? treeOf(answer.structure, answer.gone) : null),
    [answer.structure, answer.gone],
  );
  const { groups: all, turned } = search;
  const opened = useMemo(() => (tree ? openNow(tree, { groups: all, turned }) : new Set<string>()), [tree, all, turned]);
  const counts = useMemo(() => copyCounts(answer), [answer]);
  const byCell = useMemo(() => copiesByCell(answer), [answer]);
  const rows = useMemo(
    () => (tree ? rowsOf(tree, opened, counts, search.q) : []),
    [tree, opened, counts, search.q],
  );
  const mapped = useMemo(
    () => (tree ? [...counts.keys()].map((place) => taskId(tree, place)).filter((id) => opened.has(id)) : []),
    [tree, counts, opened],
  );
  const copies = useCopies(dagId, mapped, answer.runs.key);
  const box = useRef<HTMLDivElement>(null);
  if (!tree) return <Empty title="The DAG has changed">Load the page again.</Empty>;

  const select = (run: string | undefined, task?: string, map?: number) =>
    void navigate({
      search: (before) => ({ ...before, run, task, map: map === undefined || map < 0 ? undefined : map }),
      replace: true,
    });
  const fold = (folds: Folds) => void navigate({ search: (before) => ({ ...before, ...folds }), replace: true });
  const groups = tree.structure.groups.id;
  const allOpen = groups.length > 0 && groups.every((id) => opened.has(id));
  return (
    <div className={classes.board}>
      <div className={classes.left}>
        <Group gap="xs" px="md" py={6} className={classes.bar}>
          <TextInput
            aria-label="Find tasks"
            placeholder="Find tasks"
            leftSection={<IconSearch size={14} />}
            value={search.q ?? ""}
            onChange={(event) => {
              const q = event.currentTarget.value || undefined;
              void navigate({ search: (before) => ({ ...before, q }), replace: true });
            }}
            w={190}
          />
          {groups.length ? (
            <Button
              variant="default"
              leftSection={<IconFold size={14} />}
              onClick={() => fold({ groups: allOpen ? "folded" : "open", turned: undefined })}
            >
              {allOpen ? "Fold all" : "Unfold all"}
            </Button>
          ) : null}
          <Text size="xs" className="faint number">
            {answer.runs.key.length} {answer.runs.key.length === 1 ? "run" : "runs"}, newest first ·{" "}
            {tree.structure.tasks.id.length} tasks
          </Text>
          {older ? (
            <Button variant="default" onClick={older} loading={asking}>
              Older runs
            </Button>
          ) : null}
        </Group>
        {answer.runs.key.length === 0 ? (
          <Text size="sm" px="md" py="xs" className="faint">
            It has no runs yet. Trigger one, or wait for its schedule.
          </Text>
        ) : null}
        <GridTable
          boxRef={box}
          tree={tree}
          rows={rows}
          answer={answer}
          byCell={byCell}
          copies={copies}
          selected={{ run: search.run, task: search.task, map: search.map ?? -1 }}
          onSelect={select}
          onToggle={(id) => fold(turnedOver(search, id))}
        />
      </div>
      {search.run ? (
        <aside className={classes.panel} aria-label="What is selected">
          <Group justify="flex-end" className={classes.close}>
            <Tooltip label="Close (Esc)">
              <ActionIcon onClick={() => select(undefined)} aria-label="Close">
                <IconX size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
          {search.task ? (
            <TaskPanel dagId={dagId} runId={search.run} taskId={search.task} mapIndex={search.map ?? -1} />
          ) : (
            <RunPanel dagId={dagId} runId={search.run} />
          )}
        </aside>
      ) : null}
    </div>
  );
}

/** The copies of the mapped tasks that are unfolded: task id to run key to letters. */
function useCopies(dagId: string, taskIds: string[], runs: number[]): Map<string, Record<string, string>> {
  const shown = runs.slice(0, 100);
  const { data } = useQuery({
    queryKey: ["copies", dagId, taskIds, shown],
    queryFn: async ({ signal }) => {
      const all = await Promise.all(taskIds.map((id) => api.copies(dagId, id, shown, { signal })));
      return new Map(taskIds.map((id, at) => [id, all[at]?.runs ?? {}]));
    },
    enabled: taskIds.length > 0 && shown.length > 0,
    refetchInterval: ASK_MS,
    placeholderData: (before) => before,
  });
  return data ?? NONE;
}
const NONE = new Map<string, Record<string, string>>();
