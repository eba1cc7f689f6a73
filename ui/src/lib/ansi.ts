/** Colours and weights of terminal output (SGR), as spans; every other escape sequence is left out. */

export interface Span {
  text: string;
  /** Class names of log.css. */
  classes: string;
  color?: string;
  background?: string;
}

interface Pen {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  fore: string;
  back: string;
}

const plain = (): Pen => ({
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  fore: "",
  back: "",
});
// CSI sequences, OSC sequences with their end, and single escapes.
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b(?:\[([0-9;:?]*)([ -/]*[@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;

/** LINE without its escapes. */
export function stripped(line: string): string {
  return line.includes("\x1b") ? line.replace(ESCAPE, "") : line;
}

/** The spans of a line. It begins in plain: colours do not reach over the end of a line. */
export function spansOf(line: string): Span[] {
  if (!line.includes("\x1b")) return line ? [{ text: line, classes: "" }] : [];
  const out: Span[] = [];
  let pen = plain();
  let from = 0;
  for (const found of line.matchAll(ESCAPE)) {
    push(out, line.slice(from, found.index), pen);
    from = found.index + found[0].length;
    if (found[2] === "m") pen = changed(pen, found[1] ?? "");
  }
  push(out, line.slice(from), pen);
  return out;
}

function push(out: Span[], text: string, pen: Pen): void {
  if (!text) return;
  const [fore, back] = pen.inverse ? [pen.back || "bg", pen.fore || "fg"] : [pen.fore, pen.back];
  const classes = [pen.bold && "b", pen.dim && "dim", pen.italic && "i", pen.underline && "u", pen.inverse && "inv"];
  const span: Span = { text, classes: classes.filter(Boolean).join(" ") };
  if (fore) span.color = colour(fore);
  if (back) span.background = colour(back);
  out.push(span);
}

function colour(name: string): string {
  return name.startsWith("#") ? name : `var(--ansi-${name})`;
}

function changed(before: Pen, codes: string): Pen {
  const pen = { ...before };
  const numbers = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 0) Object.assign(pen, plain());
    else if (code === 1) pen.bold = true;
    else if (code === 2) pen.dim = true;
    else if (code === 3) pen.italic = true;
    else if (code === 4) pen.underline = true;
    else if (code === 7) pen.inverse = true;
    else if (code === 22) pen.bold = pen.dim = false;
    else if (code === 23) pen.italic = false;
    else if (code === 24) pen.underline = false;
    else if (code === 27) pen.inverse = false;
    else if (code >= 30 && code <= 37) pen.fore = String(code - 30);
    else if (code === 39) pen.fore = "";
    else if (code >= 40 && code <= 47) pen.back = String(code - 40);
    else if (code === 49) pen.back = "";
    else if (code >= 90 && code <= 97) pen.fore = String(code - 82);
    else if (code >= 100 && code <= 107) pen.back = String(code - 92);
    else if (code === 38 || code === 48) {
      const [value, used] = extended(numbers, at + 1);
      if (code === 38) pen.fore = value;
      else pen.back = value;
      at += used;
    }
  }
  return pen;
}

/** A colour of 256 or of 16 million, and how many numbers it took. */
function extended(numbers: number[], at: number): [string, number] {
  if (numbers[at] === 5) return [indexed(numbers[at + 1] ?? 0), 2];
  if (numbers[at] === 2) return [hex(numbers[at + 1] ?? 0, numbers[at + 2] ?? 0, numbers[at + 3] ?? 0), 4];
  return ["", 0];
}

function indexed(index: number): string {
  if (index < 16) return String(index);
  if (index >= 232) return hex(...(Array(3).fill(8 + (index - 232) * 10) as [number, number, number]));
  const level = (step: number) => (step ? 55 + step * 40 : 0);
  const cube = index - 16;
  return hex(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

const hex = (red: number, green: number, blue: number): string =>
  `#${[red, green, blue].map((part) => (part & 255).toString(16).padStart(2, "0")).join("")}`;
