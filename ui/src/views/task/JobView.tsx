/** The Job of a launch as YAML. */
import { Alert, Button, CopyButton, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import * as api from "@/api/calls";
import { yaml } from "@/lib/yaml";
import { Code } from "@/parts/Code";
import { Empty, Loaded } from "@/parts/Says";

export function JobView({ launchId }: { launchId: string }) {
  const query = useQuery({
    queryKey: ["job", launchId],
    queryFn: ({ signal }) => api.job(launchId, { signal }),
    enabled: launchId !== "",
    staleTime: Infinity,
  });
  if (!launchId) return <Empty title="It was not started yet" />;
  return (
    <Loaded query={query}>
      {(data) => (
        <>
          <Group gap="xs" mb="xs">
            {data.job ? (
              <CopyButton value={yaml(data.job)}>
                {({ copied, copy }) => (
                  <Button variant="default" onClick={copy}>
                    {copied ? "Copied" : "Copy"}
                  </Button>
                )}
              </CopyButton>
            ) : null}
          </Group>
          {data.reason ? (
            <Alert color="gray" variant="light" p="xs" mb="xs">
              <Text size="sm">{data.reason[0]?.toUpperCase() + data.reason.slice(1)}.</Text>
            </Alert>
          ) : null}
          {data.job ? (
            <div style={{ height: "calc(100% - 90px)", minHeight: 300 }}>
              <Code text={yaml(data.job)} language="yaml" label="The Job" />
            </div>
          ) : null}
        </>
      )}
    </Loaded>
  );
}
