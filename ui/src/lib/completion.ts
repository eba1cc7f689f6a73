/** What may stand at a place of a native DAG file, by its schema: keys where a key begins, values behind a key. */
import type { NativeSchema } from "./jobDocument";

export interface Choice {
  label: string;
  apply: string;
  detail: string;
}

export interface Choices {
  /** Where in the text what is chosen begins. */
  from: number;
  options: Choice[];
}

const LINE = /^(\s*)((?:-\s+)*)([\w-]*)$/;
const VALUE = /^(\s*)((?:-\s+)*)([\w-]+):\s+([^#]*)$/;
const SCHEDULES = ["@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly", "@every 1h30m", "@once", "0 6 * * 1-5"];

/** The choices at the place AT of TEXT; null: there are none. */
export function choicesAt(schema: NativeSchema, text: string, at: number): Choices | null {
  const begin = text.lastIndexOf("\n", at - 1) + 1;
  const line = text.slice(begin, at);
  const above = text.slice(0, begin).split("\n").slice(0, -1);
  const value = VALUE.exec(line);
  if (value) {
    const inside = schemaAt(schema, above, (value[1] ?? "").length + (value[2] ?? "").length);
    const its = inside && property(inside, value[3] ?? "");
    const typed = value[4] ?? "";
    const options = its ? valuesOf(value[3] ?? "", its).map((one) => ({ label: one, apply: one, detail: "" })) : [];
    return options.length ? { from: at - typed.length, options } : null;
  }
  const key = LINE.exec(line);
  if (!key) return null;
  const depth = (key[1] ?? "").length + (key[2] ?? "").length;
  const inside = schemaAt(schema, above, depth);
  if (!inside?.properties) return null;
  const there = key[2] ? new Set<string>() : siblings(above, depth);
  const options = Object.entries(inside.properties)
    .filter(([name]) => !there.has(name.toLowerCase()))
    .map(([name, its]) => ({ label: name, apply: applied(name, its), detail: its.description ?? "" }));
  return { from: at - (key[3] ?? "").length, options };
}

/** The schema of the mapping whose keys stand DEPTH columns in, below the lines ABOVE. */
function schemaAt(schema: NativeSchema, above: readonly string[], depth: number): NativeSchema | undefined {
  if (depth === 0) return schema;
  for (let at = above.length - 1; at >= 0; at -= 1) {
    const found = /^(\s*)((?:-\s+)*)([\w-]+):(.*)$/.exec(above[at] as string);
    if (!found) continue;
    const column = (found[1] ?? "").length + (found[2] ?? "").length;
    if (column < depth) {
      const outer = schemaAt(schema, above.slice(0, at), column);
      const its = outer && property(outer, found[3] ?? "");
      return its?.items ?? its;
    }
  }
  return undefined;
}

function property(schema: NativeSchema, name: string): NativeSchema | undefined {
  const key = Object.keys(schema.properties ?? {}).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : schema.properties[key];
}

/** The keys that the mapping has already, from its lines above. */
function siblings(above: readonly string[], depth: number): Set<string> {
  const out = new Set<string>();
  for (let at = above.length - 1; at >= 0; at -= 1) {
    if (/^---/.test(above[at] as string)) break;
    const found = /^(\s*)((?:-\s+)*)([\w-]+):/.exec(above[at] as string);
    if (!found) continue;
    const column = (found[1] ?? "").length + (found[2] ?? "").length;
    if (column < depth) break;
    if (column === depth) out.add((found[3] ?? "").toLowerCase());
    if (column === depth && found[2]) break;
  }
  return out;
}

function valuesOf(name: string, schema: NativeSchema): string[] {
  if (name.toLowerCase() === "schedule") return SCHEDULES.map((one) => JSON.stringify(one));
  const all = [schema, ...(schema.anyOf ?? [])];
  const chosen = all.flatMap((one) => (one.enum ?? []).map(String));
  if (chosen.length) return chosen;
  if (all.some((one) => one.type === "boolean")) return ["true", "false"];
  return schema.default === undefined || schema.default === null ? [] : [String(schema.default)];
}

function applied(name: string, schema: NativeSchema): string {
  const nested = schema.type === "object" || schema.items?.properties !== undefined;
  return nested ? `${name}:` : `${name}: `;
}

