import { describe, expect, it } from "vitest";
import { confOf, fieldsOf, shown } from "./params";

const fields = fieldsOf(
  { name: "x", count: 3, ratio: 0.5, on: true, currency: "EUR", day: "2026-01-01", tags: ["a"], deep: { a: 1 }, maybe: null },
  {
    name: { type: "string", minLength: 1, pattern: "^[a-z]+$" },
    count: { type: "integer", minimum: 1, maximum: 9 },
    currency: { type: "string", enum: ["EUR", "USD"] },
    day: { type: "string", format: "date" },
    maybe: { type: ["null", "string"] },
  },
);

describe("params", () => {
  it("choose fields by schema, or by their value", () => {
    const kinds = ["text", "integer", "number", "boolean", "choice", "date", "list", "json", "text"];
    expect(fields.map((field) => field.kind)).toEqual(kinds);
    expect(fields.at(-1)?.nullable).toBe(true);
  });
  it("say only what was changed", () => {
    expect(confOf(fields, {})).toEqual({ conf: {}, problems: {} });
    const { conf } = confOf(fields, { count: "4", tags: "a\nb", deep: '{"a": 2}', currency: "USD", on: "false" });
    expect(conf).toEqual({ count: 4, tags: ["a", "b"], deep: { a: 2 }, currency: "USD", on: false });
  });
  it("say what is wrong", () => {
    const { problems } = confOf(fields, { name: "", count: "12", deep: "{", ratio: "much" });
    expect(problems).toEqual({
      name: "something is needed",
      count: "at most 9",
      deep: "this is not JSON",
      ratio: "a number is needed",
    });
    expect(confOf(fields, { name: "A1" }).problems.name).toContain("match");
    expect(confOf(fields, { count: "1.5" }).problems.count).toBe("a whole number is needed");
  });
  it("show lists line by line", () => {
    expect(shown(fields[6]!, ["a", "b"])).toBe("a\nb");
  });
});
