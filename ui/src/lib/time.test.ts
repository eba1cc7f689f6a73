import { describe, expect, it } from "vitest";
import { bytes, duration, fromInput, fullMoment, relative, secondsBetween, shortMoment, toInput } from "./time";

describe("time", () => {
  it("says durations", () => {
    expect(duration(0.42)).toBe("0.4 s");
    expect(duration(59.6)).toBe("60 s");
    expect(duration(185)).toBe("3 min 5 s");
    expect(duration(7800)).toBe("2 h 10 min");
    expect(duration(86400 * 4)).toBe("4 d");
    expect(duration(null)).toBe("");
  });
  it("says how far away a moment is", () => {
    const now = Date.parse("2026-11-29T12:00:00Z");
    expect(relative("2026-11-29T12:03:00Z", now)).toBe("in 3 min");
    expect(relative("2026-11-29T11:59:50Z", now)).toBe("10 s ago");
    expect(relative("2026-11-29T11:59:59Z", now)).toBe("now");
    expect(relative(null, now)).toBe("");
  });
  it("shows moments in UTC unless asked otherwise", () => {
    expect(fullMoment("2026-01-02T03:04:05.678Z", "UTC")).toBe("2026-01-02 03:04:05");
    expect(shortMoment("2026-01-02T03:04:05Z", "UTC")).toBe("01-02 03:04");
  });
  it("reads inputs by the zone that is shown", () => {
    expect(fromInput("2026-01-02T03:04", "UTC")).toBe("2026-01-02T03:04:00.000Z");
    expect(fromInput("", "UTC")).toBeNull();
    expect(fromInput(toInput("2026-01-02T03:04:00Z", "UTC"), "UTC")).toBe("2026-01-02T03:04:00.000Z");
  });
  it("counts until now what has not ended", () => {
    expect(secondsBetween("2026-01-01T00:00:00Z", null, Date.parse("2026-01-01T00:00:09Z"))).toBe(9);
    expect(secondsBetween(null, null)).toBeNull();
  });
  it("says sizes", () => {
    expect(bytes(512)).toBe("512 B");
    expect(bytes(1536)).toBe("1.5 KiB");
    expect(bytes(300 * 1024 * 1024)).toBe("300 MiB");
  });
});
