/** Deleting a file, asked once more. */
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import * as api from "@/api/calls";
import type { JobFile } from "@/api/types";
import { ownPath } from "@/lib/jobPath";
import { done } from "@/lib/notes";
import { Confirm } from "@/parts/Confirm";

export function DeleteButton({ file }: { file: JobFile }) {
  const [opened, { open, close }] = useDisclosure(false);
  const navigate = useNavigate();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.deleteJobFile(file.path, file.digest),
    onSuccess: () => {
      done(`${ownPath(file.path)} is deleted`);
      client.removeQueries({ queryKey: ["job-file", file.path] });
      void client.invalidateQueries({ queryKey: ["dags"] });
      void navigate({ to: "/dags", ignoreBlocker: true });
    },
  });
  return (
    <>
      <Button variant="default" onClick={open}>
        Delete…
      </Button>
      <Confirm opened={opened} onClose={close} title={`Delete ${ownPath(file.path)}`} pending={remove.isPending} onConfirm={() => remove.mutate()}>
        {file.dag_ids.length ? `${file.dag_ids.join(", ")} will run no more. ` : ""}
        Runs, logs and versions that there are stay.
      </Confirm>
    </>
  );
}
