/** Who is signed in. A daemon on loopback asks nobody; then everybody may do everything. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError, call, setCsrfToken, whenSignedOut } from "./client";
import type { Me, SessionAnswer } from "./types";

const SESSION = "/goflow/v1/session";
export const SESSION_KEY = ["session"];
const ROLES = ["viewer", "operator", "admin"];
const ANYBODY: Me = { name: "local", role: "admin", is_user: false, csrf_token: null };
const STALE_MS = 60_000;

/** Whether one has signed in, and what ways there are. */
export async function session(): Promise<SessionAnswer> {
  try {
    const found = await call<SessionAnswer>(SESSION, { quiet: true });
    setCsrfToken(found.me?.csrf_token ?? "");
    return found;
  } catch (problem) {
    if (!(problem instanceof ApiError) || problem.status !== 404) throw problem;
    return { signed_in: true, sign_in_needed: false, password: false, oidc: null, me: ANYBODY };
  }
}

const useAnswer = () => useQuery({ queryKey: SESSION_KEY, queryFn: session, staleTime: STALE_MS, retry: 1 });

export interface Session {
  me: Me | undefined;
  /** Nobody is signed in, and the server wants to know who asks. */
  signedOut: boolean;
  problem: Error | null;
}

export function useSession(): Session {
  const { data, error, dataUpdatedAt } = useAnswer();
  const client = useQueryClient();
  const [out, setOut] = useState(false);
  useEffect(
    () =>
      whenSignedOut(() => {
        setOut(true);
        void client.invalidateQueries({ queryKey: SESSION_KEY });
      }),
    [client],
  );
  useEffect(() => {
    if (data?.me) setOut(false);
  }, [data, dataUpdatedAt]);
  return { me: data?.me ?? undefined, signedOut: data !== undefined && (data.me === null || out), problem: error };
}

/** Whether who is signed in may do what ROLE may. */
export function useMay(role: "viewer" | "operator" | "admin"): boolean {
  const me = useAnswer().data?.me;
  return me ? ROLES.indexOf(me.role.toLowerCase()) >= ROLES.indexOf(role) : false;
}

export async function signIn(username: string, password: string): Promise<void> {
  const me = await call<Me>(SESSION, { method: "POST", body: { username, password }, quiet: true });
  setCsrfToken(me.csrf_token ?? "");
}

export async function signOut(): Promise<void> {
  await call<void>(SESSION, { method: "DELETE", quiet: true });
  setCsrfToken("");
}
