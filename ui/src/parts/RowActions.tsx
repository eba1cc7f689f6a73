/** Changing and deleting a row of a list; deleting is asked once more. */
import { ActionIcon, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Confirm } from "./Confirm";

interface Props {
  name: string;
  onEdit: () => void;
  remove: () => Promise<unknown>;
  /** What goes with it. */
  says: ReactNode;
  /** It cannot be deleted. */
  stays?: boolean;
}

export function RowActions({ name, onEdit, remove, says, stays = false }: Props) {
  const [opened, { open, close }] = useDisclosure(false);
  const gone = useMutation({ mutationFn: remove, onSuccess: close });
  return (
    <Group gap={2} wrap="nowrap" justify="flex-end">
      <ActionIcon onClick={onEdit} aria-label={`Change ${name}`}>
        <IconPencil size={16} />
      </ActionIcon>
      <ActionIcon disabled={stays} onClick={open} aria-label={`Delete ${name}`}>
        <IconTrash size={16} />
      </ActionIcon>
      <Confirm opened={opened} onClose={close} title={`Delete ${name}`} pending={gone.isPending} onConfirm={() => gone.mutate()}>
        {says}
      </Confirm>
    </Group>
  );
}
