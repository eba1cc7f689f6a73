"""The program that calls a function in another interpreter: made line by line, understood by any Python 3."""


def text(*, source, function, module, serializer, has_arguments, dialect):
    """The program's text. It is called with the paths of arguments, result, string arguments and error words.

    MODULE is the function's own: it is there too, so that a pickle may name the function. DIALECT is None where the
    program is not to look for the shim.
    """
    lines = [
        "from __future__ import annotations",
        f"import {serializer}",
        "import os",
        "import sys",
        "import types",
        'os.environ["PYTHON_OPERATORS_VIRTUAL_ENV_MODE"] = "1"',
    ]
    if dialect is not None:
        lines += [
            "try:",
            "    from airflow._goflow import reconnect",
            "except ImportError:",
            "    pass",
            "else:",
            f"    reconnect({dialect!r})",
        ]
    lines += [source]
    if module.startswith("unusual_prefix_"):
        lines += [
            f"_module = types.ModuleType({module!r})",
            f"_module.{function} = {function}",
            f"sys.modules[{module!r}] = _module",
        ]
    lines += ['_given = {"args": [], "kwargs": {}}']
    if has_arguments:
        lines += ['with open(sys.argv[1], "rb") as _file:', f"    _given = {serializer}.load(_file)"]
    lines += [
        'with open(sys.argv[3], encoding="utf-8") as _file:',
        "    virtualenv_string_args = [_line.strip() for _line in _file]",
        "try:",
        f'    _result = {function}(*_given["args"], **_given["kwargs"])',
        "except Exception as _problem:",
        '    with open(sys.argv[4], "w", encoding="utf-8") as _file:',
        "        _file.write(str(_problem))",
        "    raise",
        'with open(sys.argv[2], "wb") as _file:',
        "    if _result is not None:",
        f"        {serializer}.dump(_result, _file)",
    ]
    return "\n".join(lines) + "\n"
