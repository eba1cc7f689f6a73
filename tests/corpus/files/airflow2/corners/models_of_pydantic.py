"""DAGs out of models of pydantic, hints of types, a function's own source, settings of Airflow and common.compat."""

import inspect
from datetime import datetime, timedelta
from enum import Enum
from typing import Dict, List, Literal, Optional, get_type_hints

from airflow.configuration import conf
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.providers.common.compat.standard.operators import PythonOperator
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field, field_validator, model_validator


class Size(str, Enum):
    SMALL = "small"
    LARGE = "large"


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    retries: int = Field(1, ge=0)
    size: Size = Size.SMALL
    mode: Literal["full", "delta"] = "full"
    after: List[str] = []

    @field_validator("name")
    @classmethod
    def without_blanks(cls, value):
        return value.strip().replace(" ", "_")


class Pipeline(BaseModel):
    dag_id: str
    schedule: Optional[str] = None
    start: datetime = Field(alias="startDate")
    every: timedelta = timedelta(hours=1)
    steps: List[Step]
    labels: Dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def known_steps(self):
        names = {step.name for step in self.steps}
        for step in self.steps:
            if not names.issuperset(step.after):
                raise ValueError(f"{step.name} comes after what is not there")
        return self

    @computed_field
    @property
    def owner(self) -> str:
        return self.labels.get("team", "nobody")


CONFIGURED = [
    {
        "dag_id": "models_first",
        "startDate": "2024-01-01T00:00:00",
        "steps": [
            {"name": " load it ", "retries": "3", "size": "large"},
            {"name": "check", "mode": "delta", "after": ["load_it"]},
        ],
        "labels": {"team": "data"},
    },
    {"dag_id": "models_second", "schedule": "0 3 * * *", "startDate": "2024-02-01T00:00:00", "steps": [{"name": "only"}]},
    {"dag_id": "models_broken", "startDate": "2024-02-01T00:00:00", "steps": [{"name": "a", "after": ["b"]}]},
    {"dag_id": "models_odd", "startDate": "2024-02-01T00:00:00", "steps": [{"name": "a", "unheard": 1}]},
]


def work(name: str, limit: int = 3) -> bool:
    """Does it."""
    return len(name) < limit


for number, told in enumerate(CONFIGURED):
    try:
        pipeline = Pipeline.model_validate(told)
    except ValidationError:
        continue
    with DAG(
        pipeline.dag_id,
        schedule=pipeline.schedule,
        start_date=pipeline.start,
        catchup=False,
        default_args={"owner": pipeline.owner, "execution_timeout": pipeline.every},
        params=pipeline.model_dump(include={"labels", "owner"}),
        description=repr(pipeline.steps[0]),
        doc_md=inspect.getsource(work),
    ) as made:
        tasks = {}
        for step in pipeline.steps:
            tasks[step.name] = BashOperator(
                task_id=step.name,
                bash_command=step.model_dump_json(exclude_defaults=True),
                env={"SIZE": step.size.value, "MODE": step.model_copy(update={"mode": "copied"}).mode},
                retries=step.retries,
            )
            [tasks[name] >> tasks[step.name] for name in step.after]
        PythonOperator(
            task_id="work",
            python_callable=work,
            op_kwargs={name: hint.__name__ for name, hint in get_type_hints(work).items()},
            op_args=[conf.get("nowhere", "nothing", fallback="fallen"), sorted(Step.model_fields)],
        )
    globals()[f"dag_{number}"] = made
