/** JSON values as YAML, as Kubernetes' own tools write it: enough for manifests, which have no anchors and no tags. */

const PLAIN = /^[A-Za-z_/](?:[\w./@+-]|:(?! )|(?<!:) (?! |$))*$/;
const WORDS = new Set(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"]);

function scalar(value: unknown, indent: string): string {
  if (typeof value !== "string") return JSON.stringify(value ?? null);
  if (value.includes("\n")) {
    const keep = value.endsWith("\n") ? "|" : "|-";
    const lines = value.replace(/\n$/, "").split("\n");
    // eslint-disable-next-line no-control-regex
    const safe = lines.every((line) => !/[\u0000-\u0008\u000e-\u001f]/.test(line)) && !/^\s/.test(value);
    if (safe) return `${keep}\n${lines.map((line) => (line ? `${indent}${line}` : "")).join("\n")}`;
  }
  if (PLAIN.test(value) && !value.endsWith(":") && !WORDS.has(value.toLowerCase())) return value;
  return JSON.stringify(value);
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;
const isTree = (value: unknown): value is object => typeof value === "object" && value !== null;

export function yaml(value: unknown, indent = ""): string {
  if (!isTree(value)) return scalar(value, `${indent}  `);
  if (isEmpty(value)) return Array.isArray(value) ? "[]" : "{}";
  if (Array.isArray(value)) {
    return value
      .map((one) => {
        if (!isTree(one) || isEmpty(one)) return `${indent}- ${yaml(one, indent)}`;
        return `${indent}- ${yaml(one, `${indent}  `).trimStart()}`;
      })
      .join("\n");
  }
  return Object.entries(value)
    .map(([key, inner]) => {
      const name = `${indent}${scalar(key, "")}:`;
      if (!isTree(inner) || isEmpty(inner)) return `${name} ${yaml(inner, indent)}`;
      return `${name}\n${yaml(inner, Array.isArray(inner) ? indent : `${indent}  `)}`;
    })
    .join("\n");
}
