/** Where somebody has signed in, and ending that: a user's sessions for administrators, everybody's own for themselves. */
import { Badge, Button, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { at, call } from "@/api/client";
import { SESSION_KEY } from "@/api/session";
import type { components } from "@/api/schema";
import { done } from "@/lib/notes";
import { At } from "@/parts/Moment";
import { Loaded } from "@/parts/Says";

type Session = components["schemas"]["Session"];
const KINDS: Record<string, string> = { browser: "Browser", token: "Token" };

/** USER: whose; without, one's own. */
export function Sessions({ user }: { user?: string }) {
  const client = useQueryClient();
  const key = ["sessions", user ?? ""];
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      call<components["schemas"]["Sessions"]>(
        user === undefined ? at("/goflow/v1/me/sessions", {}) : at("/goflow/v1/users/{name}/sessions", { name: user }),
        { signal },
      ),
  });
  const end = useMutation({
    mutationFn: (session: Session) =>
      call<void>(
        user === undefined
          ? at("/goflow/v1/me/sessions/{session_id}", { session_id: session.id })
          : at("/goflow/v1/users/{name}/sessions/{session_id}", { name: user, session_id: session.id }),
        { method: "DELETE" },
      ),
    onSuccess: (_, session) => {
      done("The session has ended");
      void client.invalidateQueries({ queryKey: session.is_this ? SESSION_KEY : ["sessions"] });
    },
  });
  return (
    <Loaded query={query}>
      {(data) =>
        data.sessions.length ? (
          <Table aria-label={user === undefined ? "My sessions" : `Sessions of ${user}`}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>With</Table.Th>
                <Table.Th>From</Table.Th>
                <Table.Th>Signed in</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th>Ends</Table.Th>
                <Table.Th aria-label="Actions" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.sessions.map((session) => (
                <Table.Tr key={session.id}>
                  <Table.Td>
                    {KINDS[session.kind] ?? session.kind} {session.is_this ? <Badge size="xs">this one</Badge> : null}
                  </Table.Td>
                  <Table.Td>{session.address || "–"}</Table.Td>
                  <Table.Td>
                    <At at={session.started} />
                  </Table.Td>
                  <Table.Td>
                    <At at={session.last_used} />
                  </Table.Td>
                  <Table.Td>
                    <At at={session.expires} />
                  </Table.Td>
                  <Table.Td>
                    <Button
                      variant="default"
                      size="compact-xs"
                      loading={end.isPending && end.variables.id === session.id}
                      onClick={() => end.mutate(session)}
                    >
                      End
                    </Button>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        ) : (
          <Text size="sm" className="faint">
            Signed in nowhere.
          </Text>
        )
      }
    </Loaded>
  );
}
