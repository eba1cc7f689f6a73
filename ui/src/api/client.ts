/** Requests to the daemon: one place for addresses, errors in words, the CSRF header and the end of a session. */
import type { paths } from "./schema";

/** Airflow's routes call a run's id `dag_run_id`; here it has one name. */
type Named<P extends string> = P extends `${infer A}{dag_run_id}${infer B}` ? `${A}{run_id}${B}` : P;
export type Path = Named<keyof paths & string>;
type Names<P extends string> = P extends `${string}{${infer N}}${infer Rest}` ? N | Names<Rest> : never;
type Value = string | number | boolean | null | undefined;
export type Query = Record<string, Value | readonly (string | number)[]>;

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly hint: string = "",
  ) {
    super(detail);
    this.name = "ApiError";
  }
}

/** An address of the API: TEMPLATE is one that the server publishes, so that a route that goes is a type error here. */
export function at<P extends Path>(template: P, values: Record<Names<P>, string | number>, query: Query = {}): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String((values as Record<string, string | number>)[name])),
  );
  const search = queryText(query);
  return search ? `${path}?${search}` : path;
}

/** A query string; what is null, undefined or empty is left out, lists are repeated. */
export function queryText(query: Query): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? (value as (string | number)[]) : [value as string | number | boolean]) {
      out.append(name, String(one));
    }
  }
  return out.toString();
}

type Listener = () => void;
const onSignedOut = new Set<Listener>();

/** Call LISTENER whenever the server answers that nobody is signed in; what comes back ends it. */
export function whenSignedOut(listener: Listener): () => void {
  onSignedOut.add(listener);
  return () => onSignedOut.delete(listener);
}

let csrfToken = "";
/** The token that the session gave, sent with every change. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

export interface Options {
  method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
  /** A 401 is an answer here and not the end of a session. */
  quiet?: boolean;
}

/** The JSON that ADDRESS answers with. Raises ApiError. */
export async function call<T>(address: string, options: Options = {}): Promise<T> {
  const { method = "GET", body, signal, quiet = false } = options;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrfToken) headers["X-GoFlow-CSRF"] = csrfToken;
  let answer: Response;
  try {
    answer = await fetch(address, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new ApiError(0, "The server does not answer.", "Is the daemon running, and this machine online?");
  }
  if (answer.status === 401 && !quiet) for (const listener of onSignedOut) listener();
  if (!answer.ok) throw await refusal(answer);
  if (answer.status === 204 || answer.headers.get("content-length") === "0") return undefined as T;
  return (await answer.json()) as T;
}

async function refusal(answer: Response): Promise<ApiError> {
  const text = await answer.text();
  try {
    const body = JSON.parse(text) as { detail?: unknown; hint?: string };
    return new ApiError(answer.status, detailText(body.detail) || answer.statusText, body.hint ?? "");
  } catch {
    return new ApiError(answer.status, text.slice(0, 300) || answer.statusText);
  }
}

/** What the server says is wrong: a sentence, or one for each field of the body. */
export function detailText(detail: unknown): string {
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) {
    return detail
      .map((one: { loc?: unknown[]; msg?: string }) => {
        const where = (one.loc ?? []).filter((part) => part !== "body" && part !== "query").join(".");
        return where ? `${where}: ${one.msg}` : String(one.msg);
      })
      .join("; ");
  }
  return detail === undefined || detail === null ? "" : JSON.stringify(detail);
}
