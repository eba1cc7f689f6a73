/** What can be done with a task instance; what it would do is shown first. */
import { Button, Group, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { useMay } from "@/api/session";
import { Effects, clearTask, markTask, retryTask, type Order, type Ref } from "@/parts/Effects";

const TO_RETRY = new Set(["failed", "upstream_failed", "up_for_retry"]);

export function TaskActions({ at, state }: { at: Ref; state: string | null }) {
  const may = useMay("operator");
  const [order, setOrder] = useState<Order | null>(null);
  if (!may) return null;
  return (
    <Group gap="xs">
      {TO_RETRY.has(state ?? "") ? <Button onClick={() => setOrder(retryTask(at))}>Retry…</Button> : null}
      <Button variant="default" onClick={() => setOrder(clearTask(at))}>
        Clear…
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={13} />}>
            Mark
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {(["success", "failed", "skipped"] as const).map((state) => (
            <Menu.Item key={state} onClick={() => setOrder(markTask(at, state))}>
              {state}…
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Effects order={order} onClose={() => setOrder(null)} />
    </Group>
  );
}
