/** A view's head, and a body that scrolls under it. */
import { Box, Group, Title } from "@mantine/core";
import { useEffect, type ReactNode } from "react";
import classes from "./Page.module.css";

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · GoFlow` : "GoFlow";
  }, [title]);
}

export function Page({
  title,
  beside,
  actions,
  below,
  children,
  scrolls = true,
}: {
  title: string;
  beside?: ReactNode;
  actions?: ReactNode;
  below?: ReactNode;
  children: ReactNode;
  /** Whether the body scrolls as a whole; otherwise what is in it does. */
  scrolls?: boolean;
}) {
  useTitle(title);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <Group justify="space-between" wrap="wrap" gap="xs">
          <Group gap="sm" wrap="wrap" miw={0}>
            <Title order={1} className={classes.title}>
              {title}
            </Title>
            {beside}
          </Group>
          <Group gap="xs">{actions}</Group>
        </Group>
        {below}
      </header>
      <Box className={scrolls ? classes.scrolls : classes.still} tabIndex={scrolls ? 0 : undefined} role="region" aria-label={title}>
        {children}
      </Box>
    </div>
  );
}
