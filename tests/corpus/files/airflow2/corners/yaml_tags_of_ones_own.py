"""YAML documents with tags that functions of the file read."""

import os
from datetime import datetime
from pathlib import Path

import yaml
from airflow import DAG
from airflow.operators.bash import BashOperator

HERE = os.path.dirname(os.path.abspath(__file__))


class EnvLoader(yaml.SafeLoader):
    """Reads ``!env`` and ``!join``."""


def env(loader, node):
    name, _, default = loader.construct_scalar(node).partition(":")
    return os.environ.get(name, default)


EnvLoader.add_constructor("!env", env)
EnvLoader.add_constructor("!join", lambda loader, node: "".join(str(part) for part in loader.construct_sequence(node)))


class IncludeLoader(yaml.SafeLoader):
    def __init__(self, stream):
        self.root = os.path.split(stream.name)[0]
        super().__init__(stream)

    def include(self, node):
        with open(os.path.join(self.root, self.construct_scalar(node))) as file:
            return yaml.load(file, IncludeLoader)


IncludeLoader.add_constructor("!include", IncludeLoader.include)
yaml.SafeLoader.add_multi_constructor("!plus", lambda loader, suffix, node: int(suffix) + int(node.value))

JOB = """
id: !join [yaml, _, tags]
owner: !env NO_SUCH_NAME:someone
retries: !plus2 3
task: {id: plain, command: !join [echo, " ", !env "STAGE:none"]}
"""
job = yaml.load(JOB, Loader=EnvLoader)
with Path(HERE, "included", "all.yaml").open() as stream:
    included = yaml.load(stream, Loader=IncludeLoader)

with DAG(job["id"], start_date=datetime(2024, 1, 1), schedule=None, default_args={"owner": job["owner"]}) as dag:
    first = BashOperator(task_id=job["task"]["id"], bash_command=job["task"]["command"], retries=job["retries"])
    for task_id, command in included["tasks"].items():
        first >> BashOperator(task_id=task_id, bash_command=command)
