import os
from datetime import datetime, timedelta
from pathlib import Path

OWNER = os.environ.get("TEAM", "nobody")
HERE = Path(__file__).parent


def default_args(**more):
    """What every DAG of ours begins with."""
    args = {
        "owner": OWNER,
        "retries": 3,
        "retry_delay": timedelta(minutes=2),
        "start_date": datetime(2024, 1, 1),
    }
    args.update(more)
    return args


class Config:
    stage = os.getenv("STAGE", "dev")

    def __init__(self, name, **options):
        self.name = name
        self.options = options

    @property
    def dag_id(self):
        return f"{self.name}_{self.stage}"

    def get(self, key, default=None):
        return self.options.get(key, default)

    @classmethod
    def of(cls, mapping):
        return cls(mapping["name"], **{k: v for k, v in mapping.items() if k != "name"})

    @staticmethod
    def tags(*names):
        return sorted({n.lower().strip() for n in names})
