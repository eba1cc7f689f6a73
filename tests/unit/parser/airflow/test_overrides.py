"""An author's own pod operator tells which of the methods that make its pod are its own."""

from __future__ import annotations

import pytest

from tests.unit.parser.airflow.reading import only_task

HEAD = "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n"
CASES = {
    "arguments of its own change nothing": ("def __init__(self, **k):\n        super().__init__(image='x', **k)", ()),
    "a helper of its own neither": ("def command(self):\n        return ['a']", ()),
    "its own execute": ("def execute(self, context):\n        return super().execute(context)", ("execute",)),
    "another pod": ("def build_pod_request_obj(self, context=None): ...", ("build_pod_request_obj",)),
    "a method that is put there": ("pre_execute = lambda self, context: None", ("pre_execute",)),
}


@pytest.mark.parametrize(("body", "overrides"), CASES.values(), ids=CASES)
def test_methods_of_the_folders_classes_are_told(body: str, overrides: tuple[str, ...]) -> None:
    task = only_task(
        f"{HEAD}class Base(KubernetesPodOperator):\n    {body}\nclass Own(Base):\n    pass\nOwn(task_id='t')"
    )
    assert task.overrides == overrides


def test_other_operators_run_through_their_own_code_anyway() -> None:
    text = "from airflow.providers.standard.operators.bash import BashOperator\n"
    text += "class Own(BashOperator):\n    def execute(self, context): ...\nOwn(task_id='t', bash_command='true')"
    assert only_task(text).overrides == ()
