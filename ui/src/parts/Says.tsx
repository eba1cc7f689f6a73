/** What is shown where there is nothing yet, nothing at all, or something went wrong. */
import { Alert, Button, Center, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Center py="xl" px="md" style={{ alignItems: "flex-start" }}>
      <Stack gap={4} align="center" maw={460} ta="center">
        <Text fw={600}>{title}</Text>
        {children ? (
          <Text size="sm" className="faint" component="div">
            {children}
          </Text>
        ) : null}
      </Stack>
    </Center>
  );
}

export function Failure({ problem, retry }: { problem: unknown; retry?: () => void }) {
  const known = problem instanceof ApiError;
  const gone = known && problem.status === 404;
  return (
    <Alert
      m="md"
      color={gone ? "gray" : "red"}
      variant="light"
      icon={<IconAlertTriangle size={18} />}
      title={known ? problem.detail : "This view cannot be shown"}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{known ? problem.hint : String(problem)}</Text>
        {retry ? (
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        ) : null}
      </Stack>
    </Alert>
  );
}

export function Waiting({ label = "Loading" }: { label?: string }) {
  return (
    <Center py="xl" role="status" aria-label={label}>
      <Loader size="sm" type="dots" />
    </Center>
  );
}

/** A query as it stands: what it gave, or that it is under way, or what is wrong with it. */
export function Loaded<T>({
  query,
  children,
}: {
  query: { data: T | undefined; error: unknown; refetch: () => unknown };
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failure problem={query.error} retry={() => void query.refetch()} />;
  return <Waiting />;
}

export function NotFound() {
  return (
    <Stack p="xl" gap="xs" align="flex-start">
      <Title order={1}>There is no such view</Title>
      <Text size="sm">The address leads nowhere: perhaps what it showed is gone.</Text>
      <Button component={Link} to="/" variant="default">
        Home
      </Button>
    </Stack>
  );
}

export function Crash({ error, reset }: ErrorComponentProps) {
  return <Failure problem={error} retry={reset} />;
}
