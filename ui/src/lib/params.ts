/** A DAG's params as a form: which field each wants, what is typed as a value, and what is wrong with it. */
import type { JsonSchema } from "@/api/types";

export type FieldKind = "text" | "multiline" | "number" | "integer" | "boolean" | "choice" | "date" | "datetime" | "list" | "json";

export interface Field {
  name: string;
  schema: JsonSchema;
  kind: FieldKind;
  nullable: boolean;
  initial: unknown;
}

const typesOf = (schema: JsonSchema): string[] =>
  schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];

export function fieldsOf(params: Record<string, unknown>, schemas: Record<string, JsonSchema>): Field[] {
  return Object.entries(params).map(([name, initial]) => {
    const schema = schemas[name] ?? {};
    return { name, schema, kind: kindOf(schema, initial), nullable: typesOf(schema).includes("null"), initial };
  });
}

function kindOf(schema: JsonSchema, initial: unknown): FieldKind {
  if (schema.enum) return "choice";
  const types = typesOf(schema).filter((type) => type !== "null");
  const type = types.length === 1 ? types[0] : types.length === 0 ? typeName(initial) : "json";
  if (type === "string") {
    if (schema.format === "date") return "date";
    if (schema.format === "date-time") return "datetime";
    return schema.format === "multiline" || (typeof initial === "string" && initial.includes("\n")) ? "multiline" : "text";
  }
  if (type === "integer" || type === "number" || type === "boolean") return type;
  if (type === "array" && (schema.items === undefined || schema.items.type === "string")) {
    const plain = !Array.isArray(initial) || initial.every((one) => typeof one === "string");
    return plain ? "list" : "json";
  }
  return "json";
}

function typeName(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "string" || typeof value === "boolean") return typeof value;
  return Array.isArray(value) ? "array" : "json";
}

/** What a field shows for a value. */
export function shown(field: Field, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (field.kind === "list" && Array.isArray(value)) return value.join("\n");
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value that TEXT stands for. Raises Error with words for people. */
export function valueOf(field: Field, text: string): unknown {
  const { schema, kind } = field;
  if (text === "" && field.nullable) return null;
  if (kind === "choice") {
    const found = schema.enum?.find((one) => (typeof one === "string" ? one : JSON.stringify(one)) === text);
    if (found === undefined) throw new Error("choose one of the values");
    return found;
  }
  if (kind === "integer" || kind === "number") return number(text, kind, schema);
  if (kind === "boolean") return text === "true";
  if (kind === "list") return text.split("\n").filter((line) => line !== "");
  if (kind === "json") {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new Error("this is not JSON");
    }
  }
  return checkedText(text, schema);
}

function number(text: string, kind: FieldKind, schema: JsonSchema): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new Error("a number is needed");
  if (kind === "integer" && !Number.isInteger(value)) throw new Error("a whole number is needed");
  if (schema.minimum !== undefined && value < schema.minimum) throw new Error(`at least ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum) throw new Error(`at most ${schema.maximum}`);
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum)
    throw new Error(`more than ${schema.exclusiveMinimum}`);
  if (schema.exclusiveMaximum !== undefined && value >= schema.exclusiveMaximum)
    throw new Error(`less than ${schema.exclusiveMaximum}`);
  return value;
}

function checkedText(text: string, schema: JsonSchema): string {
  if (schema.minLength !== undefined && text.length < schema.minLength)
    throw new Error(schema.minLength === 1 ? "something is needed" : `at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined && text.length > schema.maxLength)
    throw new Error(`at most ${schema.maxLength} characters`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(text))
    throw new Error(`it has to match ${schema.pattern}`);
  if (schema.type === "string" && text === "" && schema.format) throw new Error("something is needed");
  return text;
}

/** The values of all fields, and what is wrong with which; a field that was left as it was is left out. */
export function confOf(
  fields: Field[],
  texts: Record<string, string>,
): { conf: Record<string, unknown>; problems: Record<string, string> } {
  const conf: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const text = texts[field.name] ?? shown(field, field.initial);
    try {
      const value = valueOf(field, text);
      if (JSON.stringify(value) !== JSON.stringify(field.initial)) conf[field.name] = value;
    } catch (problem) {
      problems[field.name] = problem instanceof Error ? problem.message : String(problem);
    }
  }
  return { conf, problems };
}
