"""Operators that call the author's functions: here, in a fresh virtual environment, or with another Python."""

import inspect
import os
import pickle
import subprocess
import sys
import tempfile
import textwrap

from airflow._goflow.operator import BaseOperator, BranchMixIn, SkipMixin


def determine_kwargs(function, args, context):
    """What FUNCTION takes of CONTEXT by name (all of it where it has ``**kwargs``)."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return dict(context.items()) if hasattr(context, "items") else dict(context)
    names = [p.name for p in parameters if p.kind in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}]
    return {name: context[name] for name in names[len(args) :] if name in context}


def is_venv_installed():
    """Whether virtual environments can be made here."""
    return True


class PythonOperator(BaseOperator):
    """Calls ``python_callable``."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs = ("python_callable", "op_kwargs")

    def __init__(
        self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, templates_exts=None,
        show_return_value_in_logs=True, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args = op_args if op_args is not None else ()
        self.op_kwargs = op_kwargs or {}
        self.templates_dict = templates_dict
        self.show_return_value_in_logs = show_return_value_in_logs
        if templates_exts:
            self.template_ext = templates_exts

    def execute(self, context):
        """Call it with its arguments and what it takes of the context."""
        merged = {**dict(context.items()), **self.op_kwargs, "templates_dict": self.templates_dict}
        self.op_kwargs = {**self.op_kwargs, **determine_kwargs(self.python_callable, self.op_args, merged)}
        result = self.execute_callable()
        if self.show_return_value_in_logs:
            self.log.info("Done. Returned value was: %s", result)
        return result

    def execute_callable(self):
        """The call itself; a coroutine is run to its end."""
        result = self.python_callable(*self.op_args, **self.op_kwargs)
        if inspect.iscoroutine(result):
            import asyncio

            return asyncio.run(result)
        return result


class BranchPythonOperator(PythonOperator, BranchMixIn):
    """Its result chooses what runs next."""

    def execute(self, context):
        """Call and choose."""
        return self.do_branch(context, super().execute(context))


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Goes on only where its result is true."""

    def __init__(self, *, ignore_downstream_trigger_rules=True, **kwargs):
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context):
        """Call, and skip what is below where the result is false."""
        condition = super().execute(context)
        self.log.info("Condition result is %s", condition)
        if condition:
            return condition
        below = self.get_flat_relatives() if self.ignore_downstream_trigger_rules else self.downstream_list
        tasks = [task for task in below if not task.is_teardown]
        if tasks:
            self.skip(tasks=tasks)
        return condition


class _ElsewhereOperator(PythonOperator):
    """Calls the function in another interpreter; arguments and result go through a pickle."""

    template_fields = tuple({"requirements", "templates_dict", "op_args", "op_kwargs"})

    def __init__(
        self, *, serializer=None, use_dill=False, expect_airflow=True, skip_on_exit_code=None, env_vars=None,
        inherit_env=True, string_args=None, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.serializer = serializer or "pickle"
        self.expect_airflow = expect_airflow
        self.skip_on_exit_code = _numbers(skip_on_exit_code)
        self.env_vars, self.inherit_env = env_vars, inherit_env
        self.string_args = string_args or []

    def interpreter(self, folder):
        """The path of the Python to run."""
        raise NotImplementedError

    def execute(self, context):
        """Call it elsewhere."""
        given = {**dict(context.items()), **self.op_kwargs, "templates_dict": self.templates_dict}
        chosen = {**self.op_kwargs, **determine_kwargs(self.python_callable, self.op_args, given)}
        self.op_kwargs = {key: value for key, value in chosen.items() if key in self.op_kwargs or _portable(value)}
        with tempfile.TemporaryDirectory(prefix="venv-call") as folder:
            result = self._run(self.interpreter(folder), folder)
        self.log.info("Done. Returned value was: %s", result)
        return result

    def _run(self, python, folder):
        from airflow._goflow.exceptions import AirflowException, AirflowSkipException

        script, given, left = (os.path.join(folder, name) for name in ("script.py", "script.in", "script.out"))
        with open(given, "wb") as file:
            pickle.dump({"args": tuple(self.op_args), "kwargs": self.op_kwargs}, file)
        with open(script, "w", encoding="utf-8") as file:
            file.write(_SCRIPT.format(source=source_of(self.python_callable), name=self.python_callable.__name__))
        env = {**(os.environ if self.inherit_env else {}), **(self.env_vars or {})}
        code = subprocess.run(
            [python, script, given, left, *map(str, self.string_args)], env=env, check=False
        ).returncode
        if code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Process exited with code {code}. Skipping.")
        if code:
            raise AirflowException(f"Process returned non-zero exit status {code}.")
        with open(left, "rb") as file:
            return pickle.load(file)


_SCRIPT = """import pickle, sys
with open(sys.argv[1], "rb") as _file:
    _given = pickle.load(_file)
virtualenv_string_args = sys.argv[3:]
{source}
_result = {name}(*_given["args"], **_given["kwargs"])
with open(sys.argv[2], "wb") as _file:
    pickle.dump(_result, _file)
"""


def source_of(function):
    """The function's text without its decorators."""
    lines = textwrap.dedent(inspect.getsource(inspect.unwrap(function))).splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith(("def ", "async def ")))
    return "".join(lines[start:])


def _portable(value):
    if value is None or type(value) in {bool, int, float, str}:
        return True
    if type(value) in {dict, list, tuple}:
        inner = value.values() if isinstance(value, dict) else value
        return all(_portable(one) for one in inner)
    return False


def _numbers(value):
    return [] if value is None else list(value) if isinstance(value, list | tuple | set) else [value]


class PythonVirtualenvOperator(_ElsewhereOperator):
    """Calls the function in a virtual environment that is made for it."""

    def __init__(
        self, *, requirements=None, python_version=None, system_site_packages=True, pip_install_options=None,
        index_urls=None, index_urls_from_connection_ids=None, venv_cache_path=None, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if isinstance(requirements, str):
            requirements = [requirements]
        self.requirements = list(requirements or [])
        self.python_version, self.system_site_packages = python_version, system_site_packages
        self.pip_install_options, self.index_urls = pip_install_options, index_urls

    def interpreter(self, folder):
        """Make it."""
        target = os.path.join(folder, "venv")
        python = f"python{self.python_version}" if self.python_version else sys.executable
        options = ["--system-site-packages"] if self.system_site_packages else []
        subprocess.run([python, "-m", "venv", *options, target], check=True)
        made = os.path.join(target, "bin", "python")
        if self.requirements:
            wanted = os.path.join(folder, "requirements.txt")
            with open(wanted, "w", encoding="utf-8") as file:
                file.write("\n".join(self.requirements))
            extra = list(self.pip_install_options or [])
            for number, url in enumerate(self.index_urls or []):
                extra += ["--index-url" if not number else "--extra-index-url", url]
            subprocess.run([made, "-m", "pip", "install", "-q", *extra, "-r", wanted], check=True)
        return made


class ExternalPythonOperator(_ElsewhereOperator):
    """Calls the function with a Python that is there."""

    def __init__(self, *, python, expect_pendulum=False, **kwargs):
        super().__init__(**kwargs)
        self.python = python

    def interpreter(self, folder):
        """That Python."""
        return self.python


class BranchPythonVirtualenvOperator(PythonVirtualenvOperator, BranchMixIn):
    """A choice made in a virtual environment."""

    def execute(self, context):
        """Call and choose."""
        return self.do_branch(context, super().execute(context))


class BranchExternalPythonOperator(ExternalPythonOperator, BranchMixIn):
    """A choice made by another Python."""

    def execute(self, context):
        """Call and choose."""
        return self.do_branch(context, super().execute(context))


class AssetOperator(PythonOperator):
    """What ``@asset`` makes."""
