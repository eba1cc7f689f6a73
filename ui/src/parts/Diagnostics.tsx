/** What was found in a file: errors first, each with its code, its place and a hint. */
import { Badge, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Diagnostic } from "@/api/types";

const COLOURS: Record<string, string> = { error: "red", warning: "orange", notice: "blue", info: "blue" };
const ORDER = ["error", "warning", "info", "notice"];

export function Diagnostics({ found, place }: { found: Diagnostic[]; place?: (one: Diagnostic) => ReactNode }) {
  const sorted = [...found].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || a.line - b.line || a.code.localeCompare(b.code),
  );
  return (
    <Stack gap={8} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
      {sorted.map((one, at) => (
        <li key={at}>
          <Group gap={6} wrap="nowrap" align="flex-start">
            <Badge color={COLOURS[one.severity] ?? "gray"} miw={58}>
              {one.code}
            </Badge>
            <div>
              <Text size="sm">
                {place ? place(one) : one.line ? `line ${one.line}: ` : ""}
                {one.message}
              </Text>
              {one.hint ? (
                <Text size="xs" className="faint">
                  {one.hint}
                </Text>
              ) : null}
            </div>
          </Group>
        </li>
      ))}
    </Stack>
  );
}
