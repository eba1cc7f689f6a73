/** What can be done with a run: clear it, mark it, trigger it again with the same values, delete it. What an order would
 * do is shown first. */
import { Button, Group, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import * as api from "@/api/calls";
import { useMay } from "@/api/session";
import type { Run } from "@/api/types";
import { done } from "@/lib/notes";
import { isOver } from "@/lib/states";
import { Confirm } from "@/parts/Confirm";
import { Effects, clearRun, markRun, retryRun, type Order } from "@/parts/Effects";

export function RunActions({ run }: { run: Run }) {
  const may = useMay("operator");
  const [order, setOrder] = useState<Order | null>(null);
  if (!may) return null;
  const { dag_id: dagId, dag_run_id: runId } = run;
  return (
    <Group gap="xs">
      {run.state === "failed" ? (
        <Button onClick={() => setOrder(retryRun(dagId, runId))}>Retry…</Button>
      ) : null}
      <Button variant="default" onClick={() => setOrder(clearRun(dagId, runId))}>
        Clear…
      </Button>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={13} />}>
            Mark
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(["success", "failed"] as const).map((state) => (
            <Menu.Item key={state} disabled={run.state === state} onClick={() => setOrder(markRun(dagId, runId, state))}>
              {state}…
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Link to="/dags/$dagId/trigger" params={{ dagId }} search={{ like: runId }} className="plain-link">
        <Button variant="default" component="span">
          Trigger again…
        </Button>
      </Link>
      <DeleteRun run={run} />
      <Effects order={order} onClose={() => setOrder(null)} />
    </Group>
  );
}

function DeleteRun({ run }: { run: Run }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [opened, { open, close }] = useDisclosure(false);
  const remove = useMutation({
    mutationFn: () => api.deleteRun(run.dag_id, run.dag_run_id),
    onSuccess: () => {
      done("The run is deleted");
      void client.invalidateQueries();
      void navigate({ to: "/dags/$dagId", params: { dagId: run.dag_id } });
    },
  });
  return (
    <>
      <Button variant="default" disabled={!isOver(run.state)} onClick={open}>
        Delete…
      </Button>
      <Confirm opened={opened} onClose={close} title="Delete the run" pending={remove.isPending} onConfirm={() => remove.mutate()}>
        {run.dag_run_id} goes with its tasks, logs and results. This cannot be undone.
      </Confirm>
    </>
  );
}
