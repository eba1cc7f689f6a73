"""The text of a function, for those who run it in another interpreter."""


def source_of(function, decorator=None):
    """FUNCTION's text, dedented, without its decorators (Airflow's ``remove_task_decorator``).

    Raises OSError where the text is not to be had.
    """
    import ast
    import inspect
    import textwrap

    text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    if decorator is None:
        return text
    tree = ast.parse(text)
    definition = next(node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    kept = [node for node in definition.decorator_list if not _is_airflow(node)]
    lines = text.splitlines(keepends=True)
    above = "".join("".join(lines[node.lineno - 1 : node.end_lineno]).rstrip("\n") + "\n" for node in kept)
    return above + "".join(lines[definition.lineno - 1 :])


def _is_airflow(node):
    """Whether a decorator is ``@task...``, ``@setup``, ``@teardown`` or ``@result``."""
    import ast

    inner = node.func if isinstance(node, ast.Call) else node
    while isinstance(inner, ast.Attribute):
        if inner.attr == "task":
            return True
        inner = inner.value
    return isinstance(inner, ast.Name) and inner.id in {"task", "setup", "teardown", "result", "dag", "airflow"}
