import { describe, expect, it } from "vitest";
import { spansOf, stripped } from "./ansi";

describe("ANSI", () => {
  it("leaves plain lines alone", () => {
    expect(spansOf("plain")).toEqual([{ text: "plain", classes: "" }]);
    expect(spansOf("")).toEqual([]);
  });
  it("reads colours and weights", () => {
    expect(spansOf("\x1b[1;31mred\x1b[0m not \x1b[92mgreen")).toEqual([
      { text: "red", classes: "b", color: "var(--ansi-1)" },
      { text: " not ", classes: "" },
      { text: "green", classes: "", color: "var(--ansi-10)" },
    ]);
  });
  it("reads 256 and true colours", () => {
    expect(spansOf("\x1b[38;5;196mx")[0]?.color).toBe("#ff0000");
    expect(spansOf("\x1b[38;5;244mx")[0]?.color).toBe("#808080");
    expect(spansOf("\x1b[48;2;1;2;3mx")[0]?.background).toBe("#010203");
    expect(spansOf("\x1b[38;5;3;1mx")[0]).toEqual({ text: "x", classes: "b", color: "var(--ansi-3)" });
  });
  it("leaves out what moves a cursor, titles, and links", () => {
    expect(stripped("\x1b[2K\x1b[1Gdone\x1b]0;title\x07!")).toBe("done!");
    expect(spansOf("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\")).toEqual([{ text: "link", classes: "" }]);
  });
});
