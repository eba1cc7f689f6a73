/** Who asks: shown in place of every view while the server says that nobody is signed in. */
import { Alert, Button, Center, Paper, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError } from "@/api/client";
import { SESSION_KEY, session, signIn } from "@/api/session";

export function SignIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const oidc = useQuery({ queryKey: SESSION_KEY, queryFn: session, staleTime: 60_000 }).data?.oidc;
  const entering = useMutation({
    mutationFn: () => signIn(name, password),
    onSuccess: async () => {
      await client.resetQueries();
    },
    onError: () => undefined,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entering.mutate();
  };
  const problem = entering.error;
  return (
    <Center h="100dvh" p="md" component="main">
      <Paper withBorder p="xl" w={360} radius="md" component="form" onSubmit={submit}>
        <Stack gap="sm">
          <Title order={1}>Sign in to GoFlow</Title>
          {problem ? (
            <Alert color="red" variant="light" role="alert">
              {problem instanceof ApiError ? problem.detail : String(problem)}
            </Alert>
          ) : null}
          <TextInput
            label="User"
            size="sm"
            autoComplete="username"
            autoFocus
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button type="submit" size="sm" loading={entering.isPending}>
            Sign in
          </Button>
          {oidc ? (
            <Button component="a" href={oidc.url} variant="default" size="sm">
              Sign in with {oidc.name}
            </Button>
          ) : null}
        </Stack>
      </Paper>
    </Center>
  );
}
