"""Files, listings, modules by name, paths: what the folder gives while it is read."""
import configparser
import csv
import glob
import importlib
import io
import json
import os
import sys
from datetime import datetime
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "helpers"))
import defaults  # noqa: E402  found by way of sys.path

operators = importlib.import_module("helpers.operators")
listed = sorted(os.listdir(os.path.join(HERE, "configs")))
globbed = sorted(Path(p).name for p in glob.glob(f"{HERE}/configs/*.json"))
walked = sorted(p.stem for p in Path(HERE).joinpath("configs").iterdir() if p.is_file())
exists = os.path.exists(os.path.join(HERE, "nowhere.txt")), Path(__file__).exists()
jobs = json.loads((Path(HERE) / "configs" / "jobs.json").read_text())
rows = list(csv.DictReader(io.StringIO("name,size\na,1\nb,2\n")))
parser = configparser.ConfigParser()
parser.read_string("[section]\nkey = value\n")

with DAG("reading_the_folder", schedule=None, start_date=datetime(2024, 1, 1), tags=[defaults.OWNER]) as dag:
    for job in jobs:
        operators.LoadOperator(task_id=job["name"], table=job["name"], where=str(job["schedule"]))
    BashOperator(
        task_id="facts",
        bash_command=" ".join([*listed, *globbed, *walked, str(exists), Path(__file__).name, Path(__file__).stem]),
        env={row["name"]: row["size"] for row in rows} | {"key": parser.get("section", "key", fallback="none")},
    )
