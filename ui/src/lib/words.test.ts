import { expect, it } from "vitest";
import { commandOf, textOf, typedOf, wordsOf } from "./words";

it("reads words as a shell does", () => {
  expect(wordsOf(`echo 'a b' "c \\" d" e\\ f ''`)).toEqual(["echo", "a b", 'c " d', "e f", ""]);
  expect(wordsOf("echo 'open")).toBeNull();
  expect(wordsOf("  ")).toEqual([]);
});

it("writes words that it reads the same", () => {
  for (const words of [["a"], ["it's", "$HOME", ""], ["x=1", "two words", '"']]) expect(wordsOf(textOf(words))).toEqual(words);
});

it("knows a shell's line", () => {
  expect(typedOf(["sh", "-c", "echo a | wc"])).toEqual({ text: "echo a | wc", shell: true });
  expect(typedOf(["echo", "a b"])).toEqual({ text: "echo 'a b'", shell: false });
  expect(commandOf({ text: "echo $A", shell: true })).toEqual(["sh", "-c", "echo $A"]);
  expect(commandOf({ text: "echo 'a", shell: false })).toBeNull();
});
