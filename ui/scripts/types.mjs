// Writes src/api/schema.d.ts from the OpenAPI document that the code of this checkout publishes.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";

// The OpenAPI document is read with the interpreter of the checkout, or with the one that is named.
const here = (path) => new URL(path, import.meta.url).pathname;
const python = [process.env.GOFLOW_PYTHON, here("../../.venv/bin/python")].find((path) => path && existsSync(path));
const text = execFileSync(python ?? "python3", [here("openapi.py")], { encoding: "utf8", maxBuffer: 1 << 28 });
const types = astToString(await openapiTS(JSON.parse(text)));
writeFileSync(here("../src/api/schema.d.ts"), `// Written by scripts/types.mjs from /openapi.json; not in the repository.\n${types}`);
