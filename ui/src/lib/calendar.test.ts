import { expect, it } from "vitest";
import { dayKind, daysOf, dayWords } from "./calendar";

it("has every day of a year, weeks from Monday", () => {
  const year = daysOf(2026);
  expect(year.days.length).toBe(365);
  expect(year.days[0]).toEqual({ date: "2026-01-01", week: 0, weekday: 3 }); // a Thursday
  expect(year.days.at(-1)?.date).toBe("2026-12-31");
  expect(year.months.map((one) => one.label).join("")).toContain("JanFeb");
  expect(daysOf(2028).days.length).toBe(366);
});

it("shows the worst of a day", () => {
  expect(dayKind({ S: 3, F: 1, m: 1 })).toBe("failed");
  expect(dayKind({ S: 3, m: 1 })).toBe("missed");
  expect(dayKind({ p: 2 })).toBe("planned");
  expect(dayKind(undefined)).toBe("empty");
  expect(dayWords({ S: 3, m: 1 })).toBe("3 succeeded, 1 missed");
  expect(dayWords({})).toBe("no runs");
});
