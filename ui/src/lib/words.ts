/** A command as people type it: words with quotes as a shell reads them, and what a shell is to run whole. */

const SHELLS = new Set(["sh", "bash", "/bin/sh", "/bin/bash"]);
const PLAIN = /^[\w@%+=:,./-]+$/;

/** The words of TEXT; quotes keep blanks together, a backslash takes the next character as it is. null: a quote is open. */
export function wordsOf(text: string): string[] | null {
  const out: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at] as string;
    if (quote) {
      if (one === quote) quote = "";
      else if (one === "\\" && quote === '"' && '"\\$`'.includes(text[at + 1] ?? " ")) word = (word ?? "") + (text[(at += 1)] ?? "");
      else word = (word ?? "") + one;
    } else if (one === "'" || one === '"') {
      quote = one;
      word ??= "";
    } else if (one === "\\" && at + 1 < text.length) word = (word ?? "") + (text[(at += 1)] ?? "");
    else if (/\s/.test(one)) {
      if (word !== null) out.push(word);
      word = null;
    } else word = (word ?? "") + one;
  }
  if (quote) return null;
  return word === null ? out : [...out, word];
}

/** WORDS as a text that `wordsOf` reads the same. */
export function textOf(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(" ");
}

export interface Typed {
  text: string;
  /** Whether a shell runs it: pipes, variables and `&&` work then. */
  shell: boolean;
}

/** A command as it is typed into the form. */
export function typedOf(command: readonly string[]): Typed {
  const [first, flag, line] = command;
  if (command.length === 3 && SHELLS.has(first ?? "") && flag === "-c") return { text: line ?? "", shell: true };
  return { text: textOf(command), shell: false };
}

/** What the form's command is; null: a quote is open. */
export function commandOf({ text, shell }: Typed): string[] | null {
  if (!text.trim()) return [];
  return shell ? ["sh", "-c", text] : wordsOf(text);
}
