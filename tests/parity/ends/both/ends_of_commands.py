"""Commands: what their exit codes and signals mean to Airflow, as tasks that are nothing but a command and as others."""

import datetime as dt

from recording import DAG_RECORDED, RECORDED
from spelled import DAG, BashOperator

CASES = {
    "exit_0": {"bash_command": "echo one; echo two"},
    "exit_0_without_a_word": {"bash_command": "true"},
    "exit_0_after_an_empty_line": {"bash_command": "echo one; echo"},
    "exit_1": {"bash_command": "echo no; exit 1"},
    "exit_99": {"bash_command": "exit 99"},
    "exit_255": {"bash_command": "exit 255"},
    "not_found": {"bash_command": "no-such-command-at-all"},
    "skips_on_2": {"bash_command": "exit 2", "skip_on_exit_code": 2},
    "skips_on_2_and_ends_with_99": {"bash_command": "exit 99", "skip_on_exit_code": 2},
    "skips_on_3_or_4": {"bash_command": "exit 4", "skip_on_exit_code": [3, 4]},
    "skips_on_none": {"bash_command": "exit 99", "skip_on_exit_code": None},
    "skips_on_0": {"bash_command": "echo said; exit 0", "skip_on_exit_code": 0},
    "skips_on_killed": {"bash_command": "kill -9 $$", "skip_on_exit_code": [-9, 137]},
    "killed_by_sigkill": {"bash_command": "kill -KILL $$"},
    "killed_by_sigterm": {"bash_command": "kill -TERM $$"},
    "killed_by_sigsegv": {"bash_command": "kill -SEGV $$"},
    "killed_below_bash": {"bash_command": "bash -c 'kill -9 $$'; exit $?"},
    "out_of_time": {"bash_command": "sleep 60", "execution_timeout": dt.timedelta(seconds=1)},
    "keeps_no_result": {"bash_command": "echo kept not", "do_xcom_push": False},
    "has_no_such_folder": {"bash_command": "true", "cwd": "/no/such/folder"},
    "has_a_file_as_folder": {"bash_command": "true", "cwd": "/etc/passwd"},
    "leaves_a_child": {"bash_command": "sleep 0.2 & echo left"},
}

with DAG("ends_of_plain_commands", default_args={"retries": 1, "retry_delay": dt.timedelta(0)}, **DAG_RECORDED):
    for name, arguments in CASES.items():
        BashOperator(task_id=name, **arguments)

with DAG("ends_of_commands", default_args=RECORDED, **DAG_RECORDED):
    for name in ("exit_0", "exit_1", "exit_99", "skips_on_0", "skips_on_killed", "killed_by_sigkill", "out_of_time"):
        BashOperator(task_id=name, **CASES[name])
    BashOperator(task_id="kills_its_task", bash_command="kill -KILL $PPID; sleep 1")
    BashOperator(task_id="skips_by_template", bash_command="exit {{ 90 + 9 }}")
    BashOperator(task_id="cannot_be_rendered", bash_command="echo {{ 1 / 0 }}")
    BashOperator(task_id="has_a_wrong_template", bash_command="echo {{ 1 ")
