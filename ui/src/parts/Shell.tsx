/** The frame of every view: where one can go, what is searched, how the server is, who is signed in. */
import {
  ActionIcon,
  AppShell,
  Box,
  Burger,
  Group,
  Menu,
  NavLink,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconActivity,
  IconCalendarTime,
  IconClock,
  IconDatabase,
  IconFileImport,
  IconFilePlus,
  IconHeartbeat,
  IconHelpCircle,
  IconHome,
  IconKey,
  IconMoon,
  IconPlugConnected,
  IconSearch,
  IconSitemap,
  IconStack2,
  IconSun,
  IconUser,
  IconUsers,
  IconVariable,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useRouter, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useConnected } from "@/api/live";
import { signOut, useSession } from "@/api/session";
import { setZone, zone } from "@/lib/time";
import { Palette, openPalette } from "./Palette";
import { Failure, Waiting } from "./Says";
import classes from "./Shell.module.css";
import { SignIn } from "./SignIn";

const ICON = 17;
export const PLACES = [
  { to: "/", label: "Home", icon: <IconHome size={ICON} /> },
  { to: "/dags", label: "DAGs", icon: <IconSitemap size={ICON} /> },
  { to: "/jobs", label: "New job", icon: <IconFilePlus size={ICON} /> },
  { to: "/questions", label: "Questions", icon: <IconHelpCircle size={ICON} /> },
  { to: "/assets", label: "Assets", icon: <IconDatabase size={ICON} /> },
  { to: "/import", label: "Import", icon: <IconFileImport size={ICON} /> },
  { to: "/cronjobs", label: "CronJobs", icon: <IconCalendarTime size={ICON} /> },
  { to: "/events", label: "Events", icon: <IconActivity size={ICON} /> },
  { to: "/pools", label: "Pools", icon: <IconStack2 size={ICON} /> },
  { to: "/variables", label: "Variables", icon: <IconVariable size={ICON} /> },
  { to: "/connections", label: "Connections", icon: <IconPlugConnected size={ICON} /> },
  { to: "/users", label: "Users", icon: <IconUsers size={ICON} /> },
  { to: "/health", label: "Health", icon: <IconHeartbeat size={ICON} /> },
] as const;

export function Shell() {
  const session = useSession();
  const [opened, { toggle, close }] = useDisclosure(false);
  const burger = useRef<HTMLButtonElement>(null);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(close, [path, close]);
  if (session.signedOut) return <SignIn />;
  if (session.me === undefined) return session.problem ? <Failure problem={session.problem} /> : <Waiting />;
  return (
    <AppShell
      header={{ height: 44 }}
      navbar={{ width: 184, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={0}
      classNames={{ header: classes.header, navbar: classes.navbar, main: classes.main }}
    >
      <a href="#content" className="skip">
        To the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="sm" gap="xs" wrap="nowrap">
          <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" aria-expanded={opened} ref={burger} />
          <Link to="/" className={classes.brand} aria-label="GoFlow">
            <img src="/favicon.svg" alt="" width={22} height={22} />
            <span>GoFlow</span>
          </Link>
          <UnstyledButton className={classes.search} onClick={openPalette} aria-label="Search and commands">
            <IconSearch size={15} aria-hidden="true" />
            <span className={classes.searchText}>Search or do…</span>
            <kbd className={classes.kbd}>Ctrl K</kbd>
          </UnstyledButton>
          <Box flex={1} />
          <LiveMark />
          <ZoneButton />
          <SchemeButton />
          <UserMenu name={session.me?.name ?? ""} isUser={session.me?.is_user ?? false} role={session.me?.role ?? ""} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        p={6}
        component="nav"
        aria-label="Views"
        mod={{ opened }}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !opened) return;
          close();
          burger.current?.focus();
        }}
      >
        {PLACES.map((place) => (
          <NavLink
            key={place.to}
            component={Link}
            to={place.to}
            label={place.label}
            leftSection={place.icon}
            active={place.to === "/" ? path === "/" : path.startsWith(place.to)}
            aria-current={(place.to === "/" ? path === "/" : path.startsWith(place.to)) ? "page" : undefined}
            className={classes.place}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <Outlet />
      </AppShell.Main>
      <Palette />
    </AppShell>
  );
}

function LiveMark() {
  const connected = useConnected();
  const words = connected ? "Live: changes are shown as they happen" : "The page asks every few seconds";
  return (
    <Tooltip label={words}>
      <span className={classes.live} data-live={connected} role="img" aria-label={words} />
    </Tooltip>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <Tooltip label={dark ? "Light" : "Dark"}>
      <ActionIcon onClick={() => setColorScheme(dark ? "light" : "dark")} aria-label={dark ? "Light" : "Dark"}>
        {dark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function ZoneButton() {
  const router = useRouter();
  const [shown, set] = useState(zone());
  const other = shown === "UTC" ? "local" : "UTC";
  return (
    <Tooltip label={shown === "UTC" ? "Moments are in UTC: show this browser's zone" : "Show moments in UTC"}>
      <UnstyledButton
        className={classes.zone}
        onClick={() => {
          setZone(other);
          set(other);
          void router.invalidate();
        }}
      >
        <IconClock size={14} aria-hidden="true" />
        {shown === "UTC" ? "UTC" : "local"}
      </UnstyledButton>
    </Tooltip>
  );
}

function UserMenu({ name, role, isUser }: { name: string; role: string; isUser: boolean }) {
  const client = useQueryClient();
  const leave = async () => {
    await signOut();
    await client.resetQueries();
  };
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <ActionIcon aria-label="Who is signed in">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600}>
            {name}
          </Text>
          <Text size="xs">{role}</Text>
        </Menu.Label>
        <Menu.Item component="a" href="/docs" leftSection={<IconKey size={15} />}>
          The API
        </Menu.Item>
        {isUser ? <Menu.Item onClick={() => void leave()}>Sign out</Menu.Item> : null}
      </Menu.Dropdown>
    </Menu>
  );
}
