/** What large views ask for first: asked by the router already, while their scripts are on the way. */
import { QueryCache, MutationCache, QueryClient, infiniteQueryOptions } from "@tanstack/react-query";
import { failed } from "@/lib/notes";
import * as api from "./calls";
import { ApiError } from "./client";
import type { GridAnswer, Structure } from "./types";

export const client = new QueryClient({
  queryCache: new QueryCache(),
  mutationCache: new MutationCache({ onError: failed }),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      retry: (count, problem) => count < 2 && !(problem instanceof ApiError && problem.status >= 400 && problem.status < 500),
      refetchOnWindowFocus: true,
    },
  },
});

type Asked = { signal: AbortSignal };

/** The strips of some DAGs' last runs. */
export const stripsKey = (ids: string[]) => ["strips", ids];
/** How many DAGs are asked for at a time; the list comes with those of the first so many when it is first asked for. */
export const STRIPS_AT_ONCE = 25;

export const dagsQuery = {
  queryKey: ["dags"],
  queryFn: async ({ signal }: Asked) => {
    const first = client.getQueryData(["dags"]) === undefined;
    const answer = await api.dags(first ? {} : { strips: 0 }, { signal });
    if (first) client.setQueryData(stripsKey(answer.dag_id.slice(0, STRIPS_AT_ONCE)), { strips: answer.strips });
    return answer;
  },
};

export const dagQuery = (dagId: string) => ({
  queryKey: ["dag", dagId],
  queryFn: ({ signal }: Asked) => api.dag(dagId, { signal }),
});

const RUNS = 30;
/** The structures that were sent once: the server leaves them out when it is told that they are known. */
const structures = new Map<number, Structure>();
const latest = new Map<string, number>();

async function ask(dagId: string, offset: number, signal: AbortSignal): Promise<GridAnswer> {
  const known = latest.get(dagId);
  const answer = await api.grid(dagId, { limit: RUNS, offset, structure: known }, { signal });
  if (answer.structure) structures.set(answer.reading, answer.structure);
  latest.set(dagId, answer.reading);
  return { ...answer, structure: answer.structure ?? structures.get(answer.reading) };
}

export const gridQuery = (dagId: string) =>
  infiniteQueryOptions({
    queryKey: ["grid", dagId],
    queryFn: ({ pageParam, signal }) => ask(dagId, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (last, pages) =>
      last.more ? pages.reduce((sum, page) => sum + page.runs.key.length, 0) : undefined,
  });
