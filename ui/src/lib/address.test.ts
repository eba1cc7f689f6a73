import { expect, it } from "vitest";
import { day, flag, folds, numeral, oneOf, text, words } from "./address";

it("reads what addresses hold, and passes over what they should not", () => {
  expect(text("a")).toBe("a");
  expect(text("")).toBeUndefined();
  expect(text({})).toBeUndefined();
  expect(text(7)).toBe("7");
  expect(numeral("7")).toBe(7);
  expect(numeral(0)).toBe(0);
  expect(numeral("x")).toBeUndefined();
  expect(flag("true")).toBe(true);
  expect(flag("no")).toBeUndefined();
  expect(oneOf("b", ["a", "b"])).toBe("b");
  expect(oneOf("c", ["a", "b"])).toBeUndefined();
  expect(words("a,b")).toEqual(["a", "b"]);
  expect(words([1, "a"])).toEqual(["a"]);
  expect(words(undefined)).toBeUndefined();
  expect(day("2026-11-23")).toBe("2026-11-23");
  expect(day("2026-13-40")).toBeUndefined();
  expect(day("yesterday")).toBeUndefined();
  expect(folds({ groups: "open", turned: ["a"] })).toEqual({ groups: "open", turned: ["a"] });
  expect(folds({ groups: "half" })).toEqual({ groups: undefined, turned: undefined });
});
