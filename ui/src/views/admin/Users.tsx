/** Who may do what: users with roles, and tokens for programs. */
import { Alert, Button, Code, Group, NativeSelect, Paper, PasswordInput, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Fragment, useState, type FormEvent } from "react";
import * as api from "@/api/calls";
import { ApiError, at, call } from "@/api/client";
import { useMay, useSession } from "@/api/session";
import { done } from "@/lib/notes";
import { At } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Loaded } from "@/parts/Says";
import { Sessions } from "./Sessions";

interface User {
  name: string;
  role: string;
  created?: string;
  last_sign_in?: string | null;
}
const USERS = "/goflow/v1/users";

export default function Users() {
  const may = useMay("admin");
  return (
    <Page title="Users">
      <Stack p="md" gap="lg" maw={900}>
        <Mine />
        {may ? <People may={may} /> : null}
        <Tokens may={may} />
      </Stack>
    </Page>
  );
}

/** Where one is signed in oneself; nothing where nobody has to sign in. */
function Mine() {
  const { me } = useSession();
  if (!me?.is_user) return null;
  return (
    <section>
      <Title order={2} mb={6}>
        My sessions
      </Title>
      <Sessions />
    </section>
  );
}

function People({ may }: { may: boolean }) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ["users"],
    queryFn: ({ signal }) =>
      call<{ users: User[] }>(USERS, { signal }).catch((problem: unknown) => {
        if (problem instanceof ApiError && problem.status === 404) return { users: [] };
        throw problem;
      }),
  });
  const refresh = () => client.invalidateQueries({ queryKey: ["users"] });
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState("viewer");
  const [opened, setOpened] = useState<string | null>(null);
  const make = useMutation({
    mutationFn: () => call<User>(USERS, { method: "POST", body: { name, password, role } }),
    onSuccess: () => {
      done(`${name} may sign in`);
      setName("");
      setPassword("");
      void refresh();
    },
  });
  const change = useMutation({
    mutationFn: ({ user, to }: { user: string; to: string }) =>
      call<User>(`${USERS}/${encodeURIComponent(user)}`, { method: "PATCH", body: { role: to } }),
    onSettled: () => void refresh(),
  });
  const remove = useMutation({
    mutationFn: (user: string) => call<void>(`${USERS}/${encodeURIComponent(user)}`, { method: "DELETE" }),
    onSettled: () => void refresh(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <section>
      <Title order={2} mb={6}>
        People
      </Title>
      <Loaded query={query}>
        {(data) =>
          data.users.length ? (
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>User</Table.Th>
                  <Table.Th>Role</Table.Th>
                  <Table.Th>Last sign-in</Table.Th>
                  <Table.Th />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.users.map((user) => (
                  <Fragment key={user.name}>
                    <Table.Tr>
                      <Table.Td>{user.name}</Table.Td>
                      <Table.Td>
                        <NativeSelect
                          aria-label={`Role of ${user.name}`}
                          value={user.role}
                          disabled={!may}
                          data={["viewer", "operator", "admin"]}
                          onChange={(event) => change.mutate({ user: user.name, to: event.currentTarget.value })}
                          w={120}
                        />
                      </Table.Td>
                      <Table.Td>
                        <At at={user.last_sign_in} />
                      </Table.Td>
                      <Table.Td>
                        <Group gap={6} wrap="nowrap">
                          <Button
                            variant="default"
                            size="compact-xs"
                            aria-expanded={opened === user.name}
                            onClick={() => setOpened(opened === user.name ? null : user.name)}
                          >
                            Sessions
                          </Button>
                          <Button variant="default" size="compact-xs" disabled={!may} onClick={() => remove.mutate(user.name)}>
                            Remove
                          </Button>
                        </Group>
                      </Table.Td>
                    </Table.Tr>
                    {opened === user.name ? (
                      <Table.Tr>
                        <Table.Td colSpan={4}>
                          <Sessions user={user.name} />
                        </Table.Td>
                      </Table.Tr>
                    ) : null}
                  </Fragment>
                ))}
              </Table.Tbody>
            </Table>
          ) : (
            <Text size="sm" className="faint">
              There are no users: who reaches this daemon may do everything, or comes with a token.
            </Text>
          )
        }
      </Loaded>
      {may ? (
        <Paper component="form" withBorder p="sm" mt="sm" onSubmit={submit} autoComplete="off">
          <Group align="flex-end" gap="sm">
            <TextInput label="User" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
            <PasswordInput
              size="xs"
              w={180}
              label="Password"
              required
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <NativeSelect
              label="Role"
              value={role}
              onChange={(event) => setRole(event.currentTarget.value)}
              data={["viewer", "operator", "admin"]}
            />
            <Button type="submit" loading={make.isPending}>
              Add
            </Button>
          </Group>
        </Paper>
      ) : null}
    </section>
  );
}

function Tokens({ may }: { may: boolean }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const query = useQuery({ queryKey: ["tokens"], queryFn: ({ signal }) => api.tokens({ signal }), enabled: may });
  const make = useMutation({
    mutationFn: () => call<{ token: string }>(at("/goflow/v1/tokens", {}), { method: "POST", body: { name } }),
    onSuccess: () => {
      setName("");
      void client.invalidateQueries({ queryKey: ["tokens"] });
    },
  });
  const revoke = useMutation({
    mutationFn: (which: string) => call<void>(at("/goflow/v1/tokens/{name}", { name: which }), { method: "DELETE" }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  if (!may) return null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <section>
      <Title order={2} mb={6}>
        Tokens
      </Title>
      {make.data ? (
        <Alert color="green" variant="light" mb="sm" title="This is told once">
          <Code>{make.data.token}</Code>
        </Alert>
      ) : null}
      <Loaded query={query}>
        {(data) =>
          data.tokens.length ? (
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Token</Table.Th>
                  <Table.Th>Made</Table.Th>
                  <Table.Th>Ends</Table.Th>
                  <Table.Th />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.tokens.map((token) => (
                  <Table.Tr key={token.name}>
                    <Table.Td>{token.name}</Table.Td>
                    <Table.Td>
                      <At at={token.created} />
                    </Table.Td>
                    <Table.Td>{token.expires ? <At at={token.expires} /> : "never"}</Table.Td>
                    <Table.Td>
                      <Button variant="default" size="compact-xs" onClick={() => revoke.mutate(token.name)}>
                        Revoke
                      </Button>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          ) : (
            <Text size="sm" className="faint">
              There are no tokens.
            </Text>
          )
        }
      </Loaded>
      <Paper component="form" withBorder p="sm" mt="sm" onSubmit={submit}>
        <Group align="flex-end" gap="sm">
          <TextInput label="Name of a new token" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <Button type="submit" loading={make.isPending}>
            Make
          </Button>
        </Group>
      </Paper>
    </section>
  );
}
