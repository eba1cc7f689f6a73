"""What both drivers share. Runs in Airflow's interpreter and in GoFlow's tests: the standard library only."""

from __future__ import annotations

import json
import re
import sys
from functools import partial
from pathlib import Path

_places = ["\0"]


def told(make):
    """What MAKE gives: text as it is, anything else with its class, an exception with its class and words."""
    try:
        return shown(make())
    except Exception as problem:
        words = str(problem).splitlines()
        return {"error": type(problem).__name__, "words": _plain(words[0]) if words else ""}


def shown(value):
    """VALUE for comparing."""
    if type(value) is str:
        return _plain(value)
    return {"type": type(value).__name__, "text": _plain(repr(value))}


def _plain(text):
    """TEXT without what is not Airflow's own answer: addresses of objects, the folder of the moment, and the modules of
    classes in Jinja's words."""
    text = re.sub(r"0x[0-9a-f]{6,}", "0x", text.replace(_places[-1], ""))
    text = re.sub(r"'(\w+\.)+\w+ object' has no", "'object' has no", text)
    return re.sub(r"of '\w+' object is unsafe", "of 'object' is unsafe", text)


def at(thing, path):
    """``value.uri`` of THING: attributes, and members by number."""
    for name in path.split("."):
        thing = thing[int(name)] if name.isdigit() else getattr(thing, name)
    return thing


def lay_out(document, place):
    """Write the files of templates; the DAG folder."""
    place = Path(place)
    _places.append(str(place))
    for folder, files in (("dags", document["files"]), ("other", document["other_files"])):
        for name, content in files.items():
            path = place / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    return place / "dags"


def write_dag(text, folder, name):
    """Write a DAG file; its path."""
    path = Path(folder) / f"{name}.py"
    path.write_text(text.replace("__OTHER__", repr(str(Path(folder).parent / "other"))))
    return path


def of_run(document, folder, context_of):
    """Everything of DOCUMENT; CONTEXT_OF(scenario, path of the DAG file) gives the context, task rendered in it."""
    found = {"runs": {}, "fields": {}}
    for number, (name, scenario) in enumerate(document["runs"].items()):
        context, task = context_of(scenario, write_dag(scenario["text"], folder, f"run{number}"), False)
        found["runs"][name] = {
            "keys": sorted(context),
            "templates": templates(task, context, document["templates"]),
        }
        if task.task_id == "mapped":
            found["runs"][name]["value"] = shown(task.value)
    for number, (name, scenario) in enumerate(document["fields"].items()):
        path = write_dag(scenario["text"], folder, f"field{number}")
        found["fields"][name] = told_all(scenario["show"], lambda s=scenario, p=path: context_of(s, p, True)[1])
    return found


def templates(task, context, texts):
    """What becomes of each of TEXTS."""
    return {text: told(partial(task.render_template, text, context)) for text in texts}


def told_all(names, make):
    """Attributes NAMES of what MAKE gives, or the exception."""
    made = told_or_made(make)
    if isinstance(made, dict):
        return made
    return {name: told(lambda n=name: at(made, n)) for name in names}


def told_or_made(make):
    """What MAKE gives, or the exception as `told` tells it."""
    made = []
    problem = told(lambda: made.append(make()))
    return made[0] if made else problem


def main(run):
    """RUN(document, place) between standard input and the file that the first argument names."""
    document = json.load(sys.stdin)
    place = Path(sys.argv[2])
    Path(sys.argv[1]).write_text(json.dumps(run(document, place)))
