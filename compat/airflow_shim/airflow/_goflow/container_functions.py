"""Functions that run in an image of the author's: ``@task.kubernetes``, ``@task.kubernetes_cmd``, ``@task.docker``.

The pod is the daemon's to make. What only Python can tell of it is found out here, in the attempt's first launch: the
function's text and its arguments, or the command that the function gives. Operators are known by what their decorator
is called, so that a provider's own class serves as well as a stand-in.
"""

SCRIPT, INPUT = "__PYTHON_SCRIPT", "__PYTHON_INPUT"
"""The variables by which Airflow's operators hand text and arguments over, too."""
VARIABLES = "function_variables"
"""What the daemon calls those variables together (``goflow.operators.pod.FUNCTION_VARIABLES``)."""
_BEGIN = (
    "import base64, os, sys; "
    "[open(path, 'wb').write(base64.b64decode(os.environ[name])) for name, path in "
    "(({script!r}, '/tmp/script.py'), ({input!r}, '/tmp/script.in'))]; "
    "folder = '/airflow/xcom'; "
    "result = folder + '/return.json' if os.path.isdir(folder) else os.devnull; "
    "os.execv(sys.executable, [sys.executable, '/tmp/script.py', '/tmp/script.in', result])"
)
"""The folder is there where a sidecar waits for the result."""


def prepared(task, context):
    """What the pod of TASK, whose fields are rendered, is made of beyond them; empty for tasks of other kinds."""
    kind = getattr(task, "custom_operator_name", "")
    make = {"@task.kubernetes": _of_kubernetes, "@task.docker": _of_docker, "@task.kubernetes_cmd": _command}.get(kind)
    return {} if make is None else make(task, context)


def _of_kubernetes(task, context):
    return {"cmds": _begin("python"), "arguments": [], VARIABLES: _variables(task)}


def _of_docker(task, context):
    python = getattr(task, "python_command", "python")
    return {"command": _begin(python), VARIABLES: _variables(task)}


def _begin(python):
    return [python, "-c", _BEGIN.format(script=SCRIPT, input=INPUT)]


def _variables(task):
    import base64
    import importlib

    name = getattr(task, "serializer", None) or ("dill" if getattr(task, "use_dill", False) else "pickle")
    serializer = importlib.import_module(name)
    given = {"args": task.op_args, "kwargs": task.op_kwargs}
    text = _script(task, name)
    packed = serializer.dumps(given) if task.op_args or task.op_kwargs else b""
    return {SCRIPT: base64.b64encode(text.encode()).decode(), INPUT: base64.b64encode(packed).decode()}


def _script(task, serializer):
    """The program: the function, called with the arguments that one file has, its result as JSON in another."""
    function = task.python_callable.__name__
    lines = [
        "from __future__ import annotations",
        "import json",
        "import sys",
        f"import {serializer}",
        task.get_python_source(),
        '_given = {"args": [], "kwargs": {}}',
    ]
    if task.op_args or task.op_kwargs:
        lines += ['with open(sys.argv[1], "rb") as _file:', f"    _given = {serializer}.load(_file)"]
    lines += [
        f'_result = {function}(*_given["args"], **_given["kwargs"])',
        "if _result is not None:",
        '    with open(sys.argv[2], "w") as _file:',
        "        json.dump(_result, _file)",
    ]
    return "\n".join(lines) + "\n"


def _command(task, context):
    """What the function gives is the command, and may have templates of its own."""
    from airflow._goflow.callables import determine_kwargs

    name = task.python_callable.__name__
    context.update(task.op_kwargs)
    words = task.python_callable(*task.op_args, **determine_kwargs(task.python_callable, task.op_args, context))
    if not isinstance(words, list):
        raise TypeError(f"Expected python_callable to return a list of strings, but got {type(words)}")
    if not all(isinstance(word, str) for word in words):
        raise TypeError(f"Expected {name} to return a list of strings, but got {words}")
    if not words:
        raise ValueError(f"The {name} returned an empty list of commands")
    words = [task.render_template(word, context) for word in words]
    if getattr(task, "args_only", False):
        return {"cmds": [], "arguments": words, VARIABLES: {}}
    return {"cmds": words, "arguments": [], VARIABLES: {}}
