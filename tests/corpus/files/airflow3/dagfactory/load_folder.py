"""Every YAML file of a folder becomes Airflow DAGs, as dag-factory makes them."""

import os
from pathlib import Path

from dagfactory import load_yaml_dags

HERE = Path(__file__).parent
os.environ.setdefault("CORPUS_FUNCTIONS", str(HERE / "lib" / "functions.py"))

load_yaml_dags(globals_dict=globals(), dags_folder=str(HERE / "configs"), defaults_config_path=str(HERE / "configs"))
