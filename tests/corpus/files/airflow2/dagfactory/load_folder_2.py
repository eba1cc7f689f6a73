"""dag-factory's YAML files under Airflow 2."""

import os
from pathlib import Path

from dagfactory import load_yaml_dags

FOLDER = Path(__file__).parent / "configs"
os.environ["CORPUS_DATASETS"] = str(FOLDER / "datasets.yaml")
load_yaml_dags(globals_dict=globals(), dags_folder=FOLDER, defaults_config_path=str(FOLDER), suffix=[".yml"])
