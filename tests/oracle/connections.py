"""What real Airflow makes of connections as URIs, as JSON and of parts, recorded for GoFlow's three readers of them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.oracle.environments import RELEASES, environment

RECORDED = Path(__file__).parent / "connections.json"
CLASSES = {"2.11.2": ("airflow.models",), "3.3.2": ("airflow.sdk", "airflow.models")}

URIS = (
    "postgres://user:pass@host:5432/db",
    "postgresql://user:pass@host/db",
    "google-cloud-platform://?extra__google_cloud_platform__project=p&extra__google_cloud_platform__num_retries=5",
    "my-odd-type://h",
    "my_odd_type://h",
    "http://",
    "http://host",
    "http://host/",
    "http://HOST.Example.COM:80",
    "http://host:8080/https",
    "http://https://host:8080",
    "http://https://user:pa%3Ass@host/path?x=1",
    "http://http://host",
    "https://user@host",
    "https://user:@host",
    "https://:secret@host",
    "https://@host",
    "https://@:8080",
    "aws://AKIA:sec%2Fret%2B%3D@",
    "aws://AKIA:sec%2Fret@/?region_name=eu-west-1",
    "aws:///?region_name=eu-west-1&role_arn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr",
    "mysql://u%40corp:p%25w%23d@db.example.com:3306/my%2Fschema",
    "mysql://u:p@h/a/b/c",
    "mysql://u:p@h/a%20b?charset=utf8&local_infile=true",
    "mysql://u:p+q@h/?a=b+c&d=e%2Bf",
    "sqlite:////tmp/data.db",
    "sqlite:///relative.db",
    "sqlite://%2Ftmp%2Fdata.db",
    "fs:///?path=%2Fdata",
    "spark://local%5B*%5D/?queue=root.default",
    "spark://yarn-cluster/?deploy-mode=cluster",
    "mongo+srv://u:p@cluster.example/db",
    "redis://:p@h:6379/?db=1",
    "snowflake://u:p@/schema?__extra__=%7B%22account%22%3A+%22a%22%2C+%22deep%22%3A+%7B%22x%22%3A+%5B1%2C+true%5D%7D%7D",
    "x://h/?__extra__=not+json",
    "x://h/?__extra__=%5B1%2C2%5D",
    "x://h/?__extra__=",
    "x://h?a=1&a=2",
    "x://h?a=1&b=true&c=null&d=%7B%22k%22%3A1%7D&e=text&f=",
    "x://h?flag",
    "x://h?a=1;b=2",
    "x://h#fragment",
    "x://h/s?a=b#fragment",
    "x://u:p@h:0",
    "x://u:p@h:99999",
    "x://u:p@h:port",
    "x://u:p@[::1]:5432/db",
    "x://u:p@%5B%3A%3A1%5D:5432/db",
    "x://u@corp:p@h",
    "x://u:p:q@h",
    "x://tcp%3A%2F%2Fh%3A99/s",
    "x://a%3Ab:c%40d@e%2Ff:1/g%3Fh",
    "x://müller:päss@höst/schéma",
    "x://h/%E4%BD%A0?k=%E5%A5%BD",
    "a://b://c://d",
    "a://u@b://c",
    "a://b:1://c",
    "X-Y://h",
    "host-only",
    "//host",
    "://host",
    " x://h ",
    "jdbc://jdbc%3Aoracle%3Athin%3A%40h%3A1521%2Fs/?extra__jdbc__drv_path=%2Fd.jar",
)
JSONS = (
    '{"conn_type": "postgres", "host": "h", "login": "u", "password": "p", "schema": "s", "port": 5432}',
    '{"conn_type": "postgresql", "host": "h"}',
    '{"conn_type": "my-odd-type", "host": "H"}',
    '{"conn_type": "x", "port": "5432"}',
    '{"conn_type": "x", "port": "many"}',
    '{"conn_type": "x", "port": ""}',
    '{"conn_type": "x", "port": null}',
    '{"conn_type": "x", "port": 0}',
    '{"conn_type": "x", "extra": {"a": 1, "deep": {"b": [true, null]}}}',
    '{"conn_type": "x", "extra": "{\\"a\\": 1}"}',
    '{"conn_type": "x", "extra": ""}',
    '{"conn_type": "x", "extra": {}}',
    '{"conn_type": "x", "extra": null}',
    '{"conn_type": "x", "extra": "no json"}',
    '{"conn_type": "x", "extra": [1, 2]}',
    '{"conn_type": "x", "extra": {"flat": "text", "two": "words here"}}',
    '{"conn_type": "x", "host": "https://h", "port": 443}',
    '{"conn_type": "https", "host": "https://h", "port": 443}',
    '{"conn_type": "x", "host": "h/with/path", "login": "", "password": ""}',
    '{"conn_type": "x", "password": "only"}',
    '{"conn_type": "x", "port": 80}',
    '{"conn_type": "x", "description": "words", "schema": "a/b"}',
    '{"conn_type": "", "host": "h"}',
    '{"host": "h"}',
    "{}",
    '{"conn_type": "x", "type": "y"}',
    '{"conn_type": "x", "unknown": 1}',
    '{"conn_type": "x", "conn_id": "other"}',
    '{"uri": "x://h"}',
    '{"conn_type": "x"',
    '{"conn_type": "x", "login": "a b", "password": "p@:/?#%", "host": "h", "extra": {"k": "v&w=x"}}',
)

_PROGRAM = """
import importlib, json, logging, sys, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
asked = json.load(sys.stdin)

def parts(made):
    names = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")
    found = {name: getattr(made, name, None) for name in names}
    for name, ask in (("uri", made.get_uri), ("json", made.as_json), ("extra_dejson", lambda: made.extra_dejson)):
        try:
            found[name] = ask()
        except Exception as problem:
            found[name] = {"raises": type(problem).__name__}
    return found

def told(make):
    try:
        return parts(make())
    except Exception as problem:
        return {"raises": type(problem).__name__}

answer = {}
for module in asked["modules"]:
    Connection = importlib.import_module(module).Connection
    answer[module] = {
        "uris": {uri: told(lambda: Connection(conn_id="c", uri=uri)) for uri in asked["uris"]},
        "jsons": {text: told(lambda: Connection.from_json(text, conn_id="c")) for text in asked["jsons"]},
    }
print("ANSWER" + json.dumps(answer))
"""


def recorded() -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """``{"3.3.2 airflow.sdk": {"uris": {uri: parts}, "jsons": {text: parts}}}``; ``{"raises": name}`` for an error."""
    truth: dict[str, dict[str, dict[str, dict[str, Any]]]] = json.loads(RECORDED.read_text("utf-8"))["truth"]
    return truth


def record() -> Path:
    """Ask both real Airflows and write RECORDED."""
    truth = {}
    for release in RELEASES:
        asked = {"modules": CLASSES[release.version], "uris": URIS, "jsons": JSONS}
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [environment(release).python, "-c", _PROGRAM],
                input=json.dumps(asked), capture_output=True, text=True, check=True, env={"AIRFLOW_HOME": home},
            )  # fmt: skip
        found = json.loads(done.stdout.rpartition("ANSWER")[2])
        truth |= {f"{release.version} {module}": answer for module, answer in found.items()}
    document = {"made_by": "python -m tests.oracle connections", "truth": truth}
    RECORDED.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")
    return RECORDED
