/** A person's note to a run or task, that can be changed where it stands. */
import { Button, Group, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

export function Note({ note, save, disabled }: { note: string | null; save: (note: string) => Promise<unknown>; disabled?: boolean }) {
  const client = useQueryClient();
  const [text, setText] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: () => save(text ?? ""),
    onSuccess: async () => {
      await client.invalidateQueries();
      setText(null);
    },
  });
  if (text === null) {
    return (
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Text size="sm" style={{ whiteSpace: "pre-wrap" }} className={note ? "" : "faint"}>
          {note || "no note"}
        </Text>
        <Button variant="default" size="compact-xs" disabled={disabled} onClick={() => setText(note ?? "")}>
          {note ? "Change" : "Write one"}
        </Button>
      </Group>
    );
  }
  return (
    <div>
      <Textarea
        aria-label="Note"
        autosize
        minRows={2}
        maxLength={1000}
        value={text}
        autoFocus
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Group gap="xs" mt={6}>
        <Button size="compact-xs" loading={change.isPending} onClick={() => change.mutate()}>
          Save
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => setText(null)}>
          Leave it
        </Button>
      </Group>
    </div>
  );
}
