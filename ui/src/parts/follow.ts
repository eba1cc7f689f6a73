/** Plain links with one listener for all: where hundreds are in view, the router's own cost more than all else in a row. */
import { useRouter } from "@tanstack/react-router";
import { useCallback, type MouseEvent } from "react";

/** The listener: what is clicked in it is followed by the router, but for what is to be opened elsewhere. */
export function useFollow(): (event: MouseEvent) => void {
  const { history } = useRouter();
  return useCallback(
    (event: MouseEvent) => {
      const href = (event.target as HTMLElement).closest("a[href]")?.getAttribute("href");
      const elsewhere = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
      if (!href?.startsWith("/") || elsewhere || event.defaultPrevented) return;
      event.preventDefault();
      history.push(href);
    },
    [history],
  );
}

export const dagHref = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;
export const runHref = (dagId: string, runId: string): string => `${dagHref(dagId)}/runs/${encodeURIComponent(runId)}`;
export const tagHref = (tag: string): string => `/dags?tags=${encodeURIComponent(JSON.stringify([tag]))}`;
