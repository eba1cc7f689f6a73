"""Code that is not read, and what may make tasks or DAGs: told, and never passed over."""

import textwrap

import pytest

from .reading import errors, only_dag, read

HEAD = "import company\nfrom company import audited, helper\nfrom tenacity import retry\n"


def inside(lines):
    """A DAG that has LINES in its ``with`` block."""
    return 'with DAG("d", schedule=None, start_date=START) as dag:\n' + textwrap.indent(lines, "    ")


IN_DAG = [
    ("@task over a decorator", "@task\n@audited\ndef one(): ...\none()"),
    ("@task with arguments over one", "@task(retries=2)\n@company.audited('x')\ndef one(): ...\none()"),
    ("a decorator over @task", "@audited\n@task\ndef one(): ...\none()"),
    ("a decorator over @task with another name", "@audited\n@task\ndef one(): ...\nother = one\nother()"),
    ("@task.bash of a function", "task.bash(helper)()"),
    ("@setup over a decorator", "@setup\n@audited\ndef one(): ...\none()"),
    ("expanded", "task(helper).expand(x=[1])"),
    ("a decorator over @task_group", "@audited\n@task_group\ndef some(): E()\nsome()"),
    ("@task_group over a decorator", "@task_group\n@audited\ndef some(): E()\nsome()"),
    ("a decorator over a function that makes tasks", "@audited\ndef some(): E()\nsome()"),
    ("over one that calls one that does", "def inner(): E()\n@audited\ndef some(): inner()\nsome()"),
    ("over a class that makes tasks", "@audited\nclass Some:\n  def go(self): E()\nSome().go()"),
    ("a helper that is handed such a function", "helper(lambda: E())"),
    ("that keeps what it gives", "kept = helper(lambda: E())"),
    ("in a list", "kept = helper([lambda: E()])"),
    ("under functools.partial", "import functools\nkept = helper(functools.partial(lambda a: E(a), 'a'))"),
    ("something made of an operator's class", "made = helper(EmptyOperator)\nmade('a')"),
    ("a call that nobody takes anything of", "helper('x')"),
    ("in a loop", "for name in 'ab': helper(name)"),
    ("or of what a function gives of it", "def add(n): return helper(n)\nadd('x')"),
    ("if something is so", "helper('x') if company.flag else None"),
    ("and something else", "True and helper('x')"),
    ("a decorator that is named for it", "@company.our_task\ndef one(): return 1\nkept = one()"),
    ("an edge by a method", "first, last = company.first(), company.last()\nfirst.set_downstream(last)"),
    ("in a comprehension", "[helper(name) for name in 'ab']"),
    ("in a function", "def build(): helper('x')\nbuild()"),
    ("a method of something that is not read", "found = helper()\nfound.build()"),
    ("a method of a class derived from such", "class Some(company.Base):\n  def go(self): E()\nSome().go()"),
    ("a with block of it with tasks", "with helper(): E()"),
    ("one of two functions", "if company.x:\n  def mk(): E()\nelse:\n  def mk(): E('b')\nmk()"),
    ("whose task is kept", "if company.x:\n  def mk(): return E()\nelse:\n  def mk(): return E('b')\nkept = mk()"),
    ("one that a set's order decides", "for _ in {'a', 'b'}:\n  def mk(): return E()\nkept = mk()"),
    ("one of a dict under an unknown key", "kept = {'a': E, 'b': B}[company.x]()"),
    ("a task for a DAG that is not known", "E('a', dag=company.dag)"),
    ("a task for this DAG or another", "other = DAG('z')\nE('a', dag={'a': dag, 'b': other}[company.x])"),
    ("a method of one of two objects", "class A:\n  def go(self): E()\nmine = [A(), A()][company.x]\nmine.go()"),
    ("a with block of one of two groups", "a = TaskGroup('a') if company.x else TaskGroup('b')\nwith a: E()"),
]


@pytest.mark.parametrize(("sentence", "lines"), IN_DAG)
def test_a_dag_that_it_may_add_tasks_to_is_not_taken(sentence, lines):
    result = read(HEAD + inside(lines) + '\nwith DAG("other", schedule=None): E()')
    assert [dag.dag_id for dag in result.dags] == ["other"], sentence
    assert "d" in {problem.dag_id for problem in result.diagnostics if problem.code == "GF101"}


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("a value", "found = helper('x')"),
        ("a value of a task", "B(env={'a': helper('x')})"),
        ("a function that makes no tasks", "PythonOperator(task_id='t', python_callable=helper(fn))"),
        (
            "a decorated one that is a task's",
            "@audited\ndef run(): ...\nPythonOperator(task_id='t', python_callable=run)",
        ),
        (
            "a function that asks for tasks",
            "def f(**c): c['ti'].get_task_instances()\nPythonOperator(task_id='t', python_callable=helper(f))",
        ),
        (
            "one with a partial",
            "import functools\ndef f(): functools.partial(fn, 1)()\nPythonOperator(task_id='t', python_callable=helper(f))",
        ),
        ("a logger of whoever's", "log = helper('x')\nlog.info('y')\nlog.exception('z')"),
        ("metrics", "helper('x').incr('y')"),
        ("what is told of tasks", "given = company.task_defaults('x')"),
        ("a method of data", "found = helper('x')\nfound.update({'a': 1})\nfound.append(2)"),
        ("a library that knows nothing of Airflow", "import structlog\nstructlog.get_logger().info('x')"),
        ("a client", "import boto3\nboto3.client('s3').create_bucket(Bucket='x')"),
        ("Airflow's own settings", "from airflow import settings\nsettings.configure_logging()"),
        (
            "its database",
            "from airflow.utils.session import create_session\nwith create_session() as s:\n  s.add(1)\n  E('a')",
        ),
        ("a hook", "from airflow.providers.amazon.aws.hooks.s3 import S3Hook\nS3Hook().load_string('a', 'b')"),
        ("Python's own", "import warnings\nwarnings.simplefilter('ignore')"),
        ("a decorator out of a dict", "@company.decorators['our_task']\ndef run(): return 1"),
        ("a with block without tasks", "with helper() as found: found = 1"),
        ("a with block of Python's own", "import warnings\nwith warnings.catch_warnings(): E('a')"),
    ],
)
def test_what_makes_no_tasks_costs_no_dag(sentence, lines):
    assert only_dag(HEAD + inside(lines)).dag_id == "d", sentence


def test_a_task_with_an_id_is_there_whatever_decorates_its_function():
    dag = only_dag(HEAD + inside("task(task_id='one', multiple_outputs=False)(audited(fn))(1)\nB()"))
    assert [task.task_id for task in dag.tasks] == ["one", "b"]


@pytest.mark.parametrize("decorator", ["retry", "retry(stop=company.stop)", "backoff.on_exception(helper, ValueError)"])
def test_what_a_decorator_is_known_to_leave_alone_stays_what_it_is(decorator):
    lines = (
        f'import backoff\n@task\n@{decorator}\ndef one(a) -> dict:\n  """What it does."""\none(1)\none.function.retry'
    )
    [task] = only_dag(HEAD + inside(lines if "retry" in decorator else lines.rpartition("\n")[0])).tasks
    assert (task.task_id, task.callable, task.fields["op_args"]) == ("one", "file:one", {"$tuple": [1]})
    assert "What it does." in str(task.to_json())


def test_what_it_raises_while_the_file_is_read_may_be_tried_again():
    result = read(HEAD + "@retry\ndef load(): raise ValueError\ntry: load()\nexcept ValueError: pass\n" + inside("E()"))
    assert errors(result) == ["GF101 what the file does depends on tenacity.retry, which is not read"]


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("@dag over a decorator", "@dag(schedule=None)\n@audited\ndef mine(): E()\nmine()"),
        ("@dag alone over one", "@dag\n@audited\ndef mine(): E()\nmine()"),
        ("with an id", "@dag('mine', schedule=None)\n@audited\ndef mine(): E()\nmine()"),
        ("a decorator over @dag", "@audited\n@dag(schedule=None)\ndef mine(): E()\nmine()"),
        ("over a function that makes DAGs", "@audited\ndef build(name):\n  with DAG(name): E()\nbuild('mine')"),
        ("a helper that is handed one", "def build(name):\n  with DAG(name): E()\nhelper(build)"),
        ("a with block with tasks", "with helper() as d: E()"),
        ("a task for a DAG that comes from there", "E('a', dag=company.dag)"),
        ("a call in a file without a DAG", "helper()"),
        ("whose value is kept", "mine = helper('x')"),
    ],
)
def test_dags_that_it_may_make_are_told(sentence, lines):
    result = read(HEAD + lines)
    assert result.dags == (), sentence
    assert {problem.code for problem in result.diagnostics} <= {"GF101", "GF103"}
    assert [problem for problem in result.diagnostics if problem.severity in {"warning", "error"}], sentence


def test_a_file_with_a_dag_may_call_what_it_wants_beside_it():
    result = read(HEAD + "found = helper()\nhelper()\n" + inside("E()"))
    assert [dag.dag_id for dag in result.dags] == ["d"]
    assert result.diagnostics == ()
