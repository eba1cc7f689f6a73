/** What changes while it is looked at. The server's event stream wakes queries; where there is none they ask again. */
import { useQuery, type QueryKey, type UseQueryOptions, type UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Happened {
  event: string;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
}

/** The server names each event by its kind, and browsers hand out only those that are asked for by name. */
const KINDS = (
  "alert.message alert.raised alert.resolved alert.tested asset.event asset.queue_cleared asset.watches " +
  "backfill.cancelled backfill.completed backfill.created backfill.paused backfill.unpaused callback.state " +
  "connection.deleted connection.set cronjob.changed cronjob.drifted cronjob.found cronjob.gone cronjob.mended " +
  "cronjob.missed cronjob.placed cronjob.refused cronjob.removed daemon.forgotten daemon.healthy daemon.joined " +
  "daemon.left daemon.unhealthy dag.activated dag.deactivated dag.deleted dag.held dag.paused dag.released " +
  "dag.unpaused dag.version deadline.failed deadline.met deadline.missed file.read_again history.cleaned " +
  "hitl.answered hitl.asked import.error import.mended job_file.deleted job_file.saved launch.state launch.stop " +
  "lease.released lease.taken pool.deleted pool.set question.answered question.asked question.failed " +
  "run.created run.deleted run.note run.partition_cleared run.pinned run.state run.taken_over " +
  "scheduling.resumed session.ended session.started sla.missed state_store.cleared state_store.set " +
  "task.created task.note task.state token.created token.revoked trigger.fired trigger.waiting user.created " +
  "user.deleted user.password_set user.role_set variable.deleted variable.set xcom.deleted xcom.set"
).split(" ");

type Heard = (event: Happened) => void;
const STREAM = "/goflow/v1/events/stream";
const TRY_AGAIN_MS = 30_000;
/** A little more than was missed is asked for: clocks differ, and an event is dated before it is committed. */
const OVERLAP_S = 5;
const LONGEST_BACK_S = 600;

/** One connection for the whole page, open while somebody looks. */
class Stream {
  private source: EventSource | null = null;
  private listeners = new Set<Heard>();
  private watchers = new Set<() => void>();
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Up to when everything was heard, as performance.now() tells it: what is shown may be as old as the page at first. */
  private heardUntil = 0;
  connected = false;

  listen(heard: Heard): () => void {
    this.listeners.add(heard);
    this.open();
    return () => {
      this.listeners.delete(heard);
      if (!this.listeners.size) this.close();
    };
  }

  watch = (changed: () => void): (() => void) => {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  };

  private set(connected: boolean): void {
    if (connected === this.connected) return;
    if (this.connected) this.heardUntil = performance.now();
    this.connected = connected;
    for (const changed of this.watchers) changed();
  }

  private open(): void {
    if (this.source || typeof EventSource === "undefined") return;
    const missed = Math.ceil((performance.now() - this.heardUntil) / 1000) + OVERLAP_S;
    const address = `${STREAM}?back_s=${Math.min(missed, LONGEST_BACK_S)}`;
    const source = (this.source = new EventSource(address, { withCredentials: true }));
    source.onopen = () => this.set(true);
    source.onerror = () => {
      this.set(false);
      if (source.readyState !== EventSource.CLOSED) return; // the browser itself connects again
      this.close();
      this.retry = setTimeout(() => this.listeners.size && this.open(), TRY_AGAIN_MS);
    };
    const take = (message: MessageEvent<string>) => {
      try {
        const told = JSON.parse(message.data) as Happened;
        for (const heard of this.listeners) heard(told);
      } catch {
        // A comment or a line of a newer server's: the next look tells all the same.
      }
    };
    for (const kind of KINDS) source.addEventListener(kind, take as EventListener);
  }

  private close(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
    this.set(false);
  }
}

export const stream = new Stream();

export function useConnected(): boolean {
  return useSyncExternalStore(stream.watch, () => stream.connected);
}

export interface Live<T> {
  queryKey: QueryKey;
  queryFn: (context: { signal: AbortSignal }) => Promise<T>;
  /** Which events are of concern. */
  heeds?: (event: Happened) => boolean;
  /** Milliseconds between two looks without an event stream; false: none. */
  every?: number | false;
  enabled?: boolean;
  keep?: boolean;
}

const SETTLE_MS = 400;
const WITH_STREAM_MS = 60_000;

/** A query that is asked again when something has happened to what it shows. */
export function useLive<T>(live: Live<T>): UseQueryResult<T> {
  const connected = useConnected();
  const { heeds, every = 4000, enabled = true, keep = true } = live;
  const options: UseQueryOptions<T> = {
    queryKey: live.queryKey,
    queryFn: live.queryFn,
    enabled,
    refetchInterval: every === false ? false : connected ? WITH_STREAM_MS : every,
    ...(keep ? { placeholderData: (before: T | undefined) => before as never } : {}),
  };
  const query = useQuery(options);
  const concern = useRef(heeds);
  concern.current = heeds;
  const { refetch } = query;
  useEffect(() => {
    if (!enabled) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = stream.listen((event) => {
      if (timer !== undefined || !(concern.current?.(event) ?? false)) return;
      timer = setTimeout(() => {
        timer = undefined;
        void refetch();
      }, SETTLE_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [enabled, refetch]);
  return query;
}

export const ofDag =
  (dagId: string) =>
  (event: Happened): boolean =>
    event.dag_id === dagId;
export const ofRun =
  (dagId: string, runId: string) =>
  (event: Happened): boolean =>
    event.dag_id === dagId && event.run_id === runId;
export const ofKinds =
  (...prefixes: string[]) =>
  (event: Happened): boolean =>
    prefixes.some((prefix) => event.event.startsWith(prefix));
