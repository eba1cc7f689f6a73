#!/usr/bin/env python3
"""Write the published JSON Schemas from the tables of keys that the parser itself reads by.

    .venv/bin/python tools/schemas.py

A test holds the files and the tables together.
"""

from __future__ import annotations

import json
from pathlib import Path

from goflow.notify import keys as alert_keys
from goflow.parser.folder import keys as folder_keys
from goflow.parser.yaml import keys as native_keys

GOFLOW = Path(__file__).resolve().parent.parent / "goflow"
PARSER = GOFLOW / "parser"
SCHEMAS = {
    PARSER / "yaml" / "native.schema.json": native_keys.json_schema,
    PARSER / "goflow-yaml.schema.json": folder_keys.json_schema,
    GOFLOW / "notify" / "alerts.schema.json": alert_keys.json_schema,
}


def text_of(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, schema in SCHEMAS.items():
        path.write_text(text_of(schema()), "utf-8")
