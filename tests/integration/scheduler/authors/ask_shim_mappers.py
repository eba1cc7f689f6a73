"""What a trigger runner's child answers about the keys of events, by the shim.

Arguments: the folder with the authors' files. Standard input: ``[{"mapper": text, "keys": [...], "date": ISO}]``; standard
output: for each mapper what is told of each key, with the moments of the keys that it becomes for runs by hand, or
"refused".
"""

import json
import sys

from airflow._goflow import asking

answers, sys.stdout = sys.stdout, sys.stderr
DAGS = "from airflow.sdk import *\nfrom airflow.sdk import Window\nfrom their_mappers import *\n"


def load(mapper, number):
    with open(f"{folder}/dag_{number}.py", "w") as file:
        schedule = f"PartitionedAssetTimetable(assets=Asset('a'), default_partition_mapper={mapper})"
        file.write(f"{DAGS}d = DAG('d', schedule={schedule})\n")
    place = {"path": folder, "file": f"dag_{number}.py", "import_roots": []}
    return asking.load({"dag_id": "d", "dialect": "airflow3", "folder": place, "inputs": {}}, None, folder)


def tried(function):
    try:
        return function()
    except Exception:
        asking.words()
        return "refused"


def answer(case, number):
    dag = tried(lambda: load(case["mapper"], number))
    if dag == "refused":
        return dag
    return [tried(lambda key=key: told(dag, key, case["date"])) for key in case["keys"]]


def told(dag, key, date):
    about = {"name": "a", "uri": "a", "key": key, "date": date}
    found = asking.ask(dag, {"kind": "partition", "asked": about})
    return {**found, "by_hand": {one: tried(lambda one=one: by_hand(dag, one)) for one, _ in found["keys"]}}


def by_hand(dag, key):
    return asking.ask(dag, {"kind": "partition_date", "asked": {"key": key, "assets": [["a", "a"]]}})


folder = sys.argv[1]
json.dump([answer(case, number) for number, case in enumerate(json.load(sys.stdin))], answers)
