/** One document of a native DAG file as the form sees it: plain values under the keys that the schema has. */
import type { JsonSchema } from "@/api/types";
import { yaml } from "./yaml";

export type Doc = Record<string, unknown>;

export interface NativeSchema extends JsonSchema {
  properties: Record<string, NativeSchema>;
  items?: NativeSchema;
  anyOf?: NativeSchema[];
  default?: unknown;
}

/** What a new job begins with, and its text. */
export const FIRST_DOC: Doc = { Name: "my-job", Schedule: "@daily", Command: ["sh", "-c", "echo hello"] };
export const FIRST = written(FIRST_DOC);

/** DOC with the schema's spelling of its keys; keys of the author's own stay. */
export function spelled(doc: Doc, schema: NativeSchema): Doc {
  const names = new Map(Object.keys(schema.properties).map((name) => [name.toLowerCase(), name]));
  const out: Doc = {};
  for (const [key, value] of Object.entries(doc)) {
    const name = names.get(key.toLowerCase()) ?? key;
    const tasks = schema.properties.Tasks?.items;
    out[name] = name === "Tasks" && Array.isArray(value) && tasks ? value.map((one) => (isDoc(one) ? spelled(one, tasks) : one)) : value;
  }
  return out;
}

export const isDoc = (value: unknown): value is Doc => typeof value === "object" && value !== null && !Array.isArray(value);

/** DOC with NAME changed; empty values leave it. Keys come in the schema's order. */
export function changed(doc: Doc, name: string, value: unknown, order: readonly string[]): Doc {
  const next = { ...doc, [name]: value };
  if (isEmpty(value)) delete next[name];
  const place = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  return Object.fromEntries(Object.entries(next).sort(([a], [b]) => place(a) - place(b)));
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === "" || (Array.isArray(value) && value.length === 0) || (isDoc(value) && Object.keys(value).length === 0);

/** DOC with the value at PATH of a mapping in it, as in Resources: requests: cpu. */
export function changedIn(doc: Doc, [name, ...rest]: readonly string[], value: unknown, order: readonly string[]): Doc {
  if (name === undefined) return doc;
  if (!rest.length) return changed(doc, name, value, order);
  const inner = isDoc(doc[name]) ? doc[name] : {};
  return changed(doc, name, changedIn(inner, rest, value, []), order);
}

export function written(doc: Doc): string {
  return Object.keys(doc).length ? `${yaml(doc)}\n` : "";
}

/** Why the form does not write TEXT anew: what it would not keep. Empty: it may. */
export function keptFromForm(text: string, documents: number): string {
  if (documents > 1) return "The file has several documents: the form knows one.";
  if (/(^|\s)#/m.test(text.replace(/"[^"\n]*"|'[^'\n]*'/g, ""))) return "The text has comments, which the form would not keep.";
  if (/(^|[\s[{:,-])[&*][A-Za-z0-9]/m.test(text.replace(/"[^"\n]*"|'[^'\n]*'/g, "")) && /&\w/.test(text)) {
    return "The text has anchors, which the form would not keep.";
  }
  return "";
}

/** `NAME=value` a line, of a mapping; and back. null: a line has no "=". */
export const linesOf = (mapping: unknown): string =>
  isDoc(mapping)
    ? Object.entries(mapping)
        .map(([key, value]) => `${key}=${String(value)}`)
        .join("\n")
    : "";
export function mappingOf(text: string): Doc | null {
  const out: Doc = {};
  for (const line of text.split("\n")) {
    if (!line.trim()) continue;
    const at = line.indexOf("=");
    if (at < 1) return null;
    out[line.slice(0, at).trim()] = line.slice(at + 1);
  }
  return out;
}
