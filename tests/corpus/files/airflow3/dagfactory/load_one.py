"""One YAML file, one dictionary and one suffix: the other ways to call dag-factory from an Airflow DAG file."""

import datetime
import os

import dagfactory

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "single")
dagfactory.load_yaml_dags(
    globals_dict=globals(),
    config_filepath=os.path.join(folder, "one.yaml"),
    defaults_config_dict={"default_args": {"owner": "dictionary", "retries": 5}, "catchup": True, "tags": ["given"]},
)
dagfactory.load_yaml_dags(
    globals_dict=globals(),
    config_dict={
        "default": {"default_args": {"start_date": datetime.date(2024, 5, 1)}, "schedule": "@weekly"},
        "df_dictionary": {
            "tasks": [
                {"task_id": "first", "operator": "airflow.providers.standard.operators.empty.EmptyOperator"},
                {
                    "task_id": "second",
                    "operator": "airflow.providers.standard.operators.bash.BashOperator",
                    "bash_command": "echo {{ ds }}",
                    "dependencies": ["first"],
                },
            ]
        },
    },
    defaults_config_path=folder,
)
dagfactory.load_yaml_dags(globals(), dags_folder=folder, suffix=["_dag.yml"], defaults_config_path=folder)
