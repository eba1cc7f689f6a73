"""Operators that call the author's function in another interpreter: one made for it, or one that is there."""

import os
import sys

from airflow._goflow import world
from airflow._goflow.classes.bash import exit_codes
from airflow._goflow.classes.python import PythonOperator
from airflow._goflow.dialects import ByDialect
from airflow._goflow.exceptions import AirflowException, AirflowSkipException
from airflow._goflow.skipping import BaseBranchOperator

_PLAIN_KEYS = {
    "ds", "ds_nodash", "expanded_ti_count", "inlets", "outlets", "run_id", "task_instance_key_str", "test_mode", "ts",
    "ts_nodash", "ts_nodash_with_tz", "next_ds", "next_ds_nodash", "prev_ds", "prev_ds_nodash", "tomorrow_ds",
    "tomorrow_ds_nodash", "yesterday_ds", "yesterday_ds_nodash", "task_reschedule_count", "partition_key",
}  # fmt: skip
_MOMENT_KEYS = {
    "data_interval_end", "data_interval_start", "logical_date", "prev_data_interval_end_success",
    "prev_data_interval_start_success", "prev_start_date_success", "prev_end_date_success", "execution_date",
    "next_execution_date", "prev_execution_date", "prev_execution_date_success",
}  # fmt: skip
_AIRFLOW_KEYS = {"dag_run", "params"}
"""Airflow would send DAG and task too; they cannot be rebuilt elsewhere without the file's other functions."""


class BasePythonVirtualenvOperator(PythonOperator):
    """Calls the function elsewhere; arguments and result travel as a pickle."""

    def __init__(
        self, *, python_callable, serializer=None, op_args=None, op_kwargs=None, string_args=None,
        templates_dict=None, templates_exts=None, expect_airflow=True, skip_on_exit_code=None, env_vars=None,
        inherit_env=True, use_dill=False, use_airflow_context=False, **kwargs,
    ):  # fmt: skip
        kind = type(python_callable).__name__
        if kind != "function" or python_callable.__name__ == "<lambda>":
            raise ValueError(f"{type(self).__name__} only supports functions for python_callable arg")
        if python_callable.__code__.co_flags & 0x20:
            raise ValueError(f"{type(self).__name__} does not support using 'yield' in python_callable")
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, templates_dict=templates_dict,
            templates_exts=templates_exts, **kwargs,
        )  # fmt: skip
        self.string_args = string_args or []
        self.serializer = serializer or ("dill" if use_dill else "pickle")
        if self.serializer not in {"pickle", "dill", "cloudpickle"}:
            raise AirflowException(
                f"Unsupported serializer {serializer!r}. Expected one of 'pickle', 'dill', 'cloudpickle'"
            )
        self.expect_airflow, self.env_vars, self.inherit_env = expect_airflow, env_vars, inherit_env
        self.skip_on_exit_code = exit_codes(skip_on_exit_code)

    def context_keys(self):
        """What of the context may be sent."""
        raise NotImplementedError

    def execute(self, context):
        """Call it elsewhere."""
        keys = self.context_keys()
        return super().execute(type(context)({key: context[key] for key in context.names() if key in keys}))

    def get_python_source(self):
        """The function's text."""
        from airflow._goflow.classes.sources import source_of

        return source_of(self.python_callable)

    def _run_elsewhere(self, python):
        """Run the function with the interpreter PYTHON and give back what it returns."""
        import subprocess
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory(prefix="venv-call") as folder:
            paths = {name: Path(folder, name) for name in ("script.py", "script.in", "script.out", "strings", "error")}
            if self.op_args or self.op_kwargs:
                paths["script.in"].write_bytes(self._packed())
            paths["strings"].write_text("\n".join(map(str, self.string_args)), encoding="utf-8")
            paths["script.py"].write_text(self._script(), encoding="utf-8")
            command = [
                python,
                *(str(paths[name]) for name in ("script.py", "script.in", "script.out", "strings", "error")),
            ]
            try:
                run_shown(command, self._environment())
            except subprocess.CalledProcessError as problem:
                self._failed(problem, paths["error"])
            if 0 in self.skip_on_exit_code:
                raise AirflowSkipException("Process exited with code 0. Skipping.")
            return self._unpacked(paths["script.out"])

    def _failed(self, problem, words):
        if problem.returncode in self.skip_on_exit_code:
            raise AirflowSkipException(f"Process exited with code {problem.returncode}. Skipping.") from None
        if words.exists() and words.stat().st_size:
            text = words.read_text(encoding="utf-8")
            raise AirflowException(f"Process returned non-zero exit status {problem.returncode}.\n{text}") from None
        raise problem

    def _serializer(self):
        import importlib

        return importlib.import_module(self.serializer)

    def _packed(self):
        """The arguments. Raises AirflowException that names those which cannot be sent."""
        dumps = self._serializer().dumps
        try:
            return dumps({"args": self.op_args, "kwargs": dict(self.op_kwargs)})
        except Exception:
            wrong = []
            for key, value in self.op_kwargs.items():
                try:
                    dumps(value)
                except Exception:
                    wrong.append(key)
            if wrong:
                raise AirflowException(
                    f"Failed to serialize op_kwargs. The following keys hold objects that cannot be pickled: {wrong}."
                ) from None
            raise

    def _unpacked(self, path):
        from airflow._goflow.exceptions import DeserializingResultError

        content = path.read_bytes() if path.exists() else b""
        if not content:
            return None
        try:
            return self._serializer().loads(content)
        except ValueError as problem:
            raise DeserializingResultError from problem

    def _environment(self):
        env = dict(os.environ) if self.inherit_env else {}
        env.update(self.env_vars or {})
        folder = (world.World.task_input or {}).get("folder_here")
        if folder and not world.is_airflow2():
            env["PYTHONPATH"] = os.pathsep.join([part for part in (env.get("PYTHONPATH"), folder) if part])
        return env

    def _script(self):
        from airflow._goflow.classes import script

        return script.text(
            source=self.get_python_source(),
            function=self.python_callable.__name__,
            module=self.python_callable.__module__,
            serializer=self.serializer,
            has_arguments=bool(self.op_args or self.op_kwargs),
            dialect=world.World.dialect if self.expect_airflow else None,
        )


class PythonVirtualenvOperator(BasePythonVirtualenvOperator):
    """Calls the function in a virtual environment that is made for it."""

    template_fields = ByDialect(
        ("requirements", "index_urls", "venv_cache_path", *PythonOperator.template_fields),
        ("requirements", "index_urls", "index_urls_from_connection_ids", "venv_cache_path",
         *PythonOperator.template_fields),
    )  # fmt: skip
    template_ext = (".txt",)

    def __init__(
        self, *, python_callable, requirements=None, python_version=None, serializer=None, system_site_packages=True,
        pip_install_options=None, op_args=None, op_kwargs=None, string_args=None, templates_dict=None,
        templates_exts=None, expect_airflow=True, skip_on_exit_code=None, index_urls=None,
        index_urls_from_connection_ids=None, venv_cache_path=None, env_vars=None, inherit_env=True, **kwargs,
    ):  # fmt: skip
        if python_version is not None and not isinstance(python_version, str):
            raise AirflowException("Passing non-string types (e.g. int or float) as python_version not supported")
        if python_version and python_version[0] != str(sys.version_info.major) and (op_args or op_kwargs):
            raise AirflowException(
                "Passing op_args or op_kwargs is not supported across different Python major versions for "
                "PythonVirtualenvOperator. Please use string_args."
            )
        self.requirements = _texts(requirements) or []
        self.python_version, self.system_site_packages = python_version, system_site_packages
        self.pip_install_options, self.venv_cache_path = pip_install_options, venv_cache_path
        self.index_urls = _texts(index_urls)
        self.index_urls_from_connection_ids = _texts(index_urls_from_connection_ids)
        super().__init__(
            python_callable=python_callable, serializer=serializer, op_args=op_args, op_kwargs=op_kwargs,
            string_args=string_args, templates_dict=templates_dict, templates_exts=templates_exts,
            expect_airflow=expect_airflow, skip_on_exit_code=skip_on_exit_code, env_vars=env_vars,
            inherit_env=inherit_env, **kwargs,
        )  # fmt: skip

    def context_keys(self):
        """Moments need pendulum there, the run needs Airflow's classes."""
        import re

        lines = [line.partition("#")[0].strip() for text in self.requirements for line in str(text).splitlines()]
        names = {re.split(r"[^\w.-]", line)[0].lower() for line in lines if line}
        keys = set(_PLAIN_KEYS)
        if self.system_site_packages or "apache-airflow" in names:
            keys |= _AIRFLOW_KEYS | _MOMENT_KEYS
        elif "pendulum" in names:
            keys |= _MOMENT_KEYS
        return keys

    def _requirements_list(self):
        found = [str(requirement) for requirement in self.requirements]
        if not self.system_site_packages and self.serializer != "pickle" and self.serializer not in found:
            found.append(self.serializer)
        return sorted(found)

    def _prepare(self, folder):
        from pathlib import Path

        requirements = Path(folder, "requirements.txt")
        requirements.write_text("\n".join(self._requirements_list()), encoding="utf-8")
        prepare_virtualenv(
            folder,
            f"python{self.python_version}" if self.python_version else sys.executable,
            self.system_site_packages,
            requirements_file_path=str(requirements) if self._requirements_list() else None,
            pip_install_options=self.pip_install_options,
            index_urls=self.index_urls,
        )

    def execute_callable(self):
        """Make the environment, or take the one that was kept, and call the function there."""
        import tempfile

        if self.index_urls_from_connection_ids:
            from airflow._goflow.classes.hooks import PackageIndexHook

            urls = [PackageIndexHook(conn_id).get_connection_url() for conn_id in self.index_urls_from_connection_ids]
            self.index_urls = [*(self.index_urls or []), *urls]
        if self.venv_cache_path:
            return self._run_elsewhere(f"{self._kept(str(self.venv_cache_path))}/bin/python")
        with tempfile.TemporaryDirectory(prefix="venv") as folder:
            self._prepare(folder)
            return self._run_elsewhere(f"{folder}/bin/python")

    def _kept(self, folder):
        """The environment below FOLDER that fits; made while others wait where there is none."""
        import fcntl
        import hashlib
        import json
        import shutil

        wanted = json.dumps(
            {"requirements_list": self._requirements_list(), "pip_install_options": self.pip_install_options,
             "index_urls": self.index_urls, "python_version": self.python_version,
             "system_site_packages": self.system_site_packages}, sort_keys=True)  # fmt: skip
        digest = hashlib.md5(wanted.encode(), usedforsecurity=False).hexdigest()[:8]
        path = os.path.join(folder, f"venv-{digest}")
        os.makedirs(folder, exist_ok=True)
        with open(f"{path}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            marker = os.path.join(path, "install_complete_marker.json")
            if os.path.exists(marker):
                with open(marker, encoding="utf-8") as file:
                    if file.read() == wanted:
                        self.log.info("Reusing cached Python virtual environment in %s", path)
                        return path
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path)
            try:
                self._prepare(path)
                with open(marker, "w", encoding="utf-8") as file:
                    file.write(wanted)
            except Exception as problem:
                shutil.rmtree(path, ignore_errors=True)
                raise AirflowException(f"Unable to create new virtual environment in {path}") from problem
            self.log.info("New Python virtual environment created in %s", path)
            return path


class ExternalPythonOperator(BasePythonVirtualenvOperator):
    """Calls the function with an interpreter that is there."""

    template_fields = ("python", *PythonOperator.template_fields)

    def __init__(self, *, python, python_callable, expect_pendulum=False, **kwargs):
        if not python:
            raise ValueError("Python Path must be defined in ExternalPythonOperator")
        self.python, self.expect_pendulum = python, expect_pendulum
        super().__init__(python_callable=python_callable, **kwargs)

    def context_keys(self):
        """Moments need pendulum there, the run needs the shim."""
        keys = set(_PLAIN_KEYS)
        if self.expect_airflow and self._has("airflow._goflow.dag_run"):
            keys |= _AIRFLOW_KEYS
        return keys | _MOMENT_KEYS if self._has("pendulum") else keys

    def _has(self, module):
        import subprocess

        command = [self.python, "-c", f"import {module}"]
        return (
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
        )

    def execute(self, context):
        """Call it there. Raises ValueError where there is no such interpreter."""
        if not os.path.exists(self.python):
            raise ValueError(f"Python Path '{self.python}' must exists")
        if not os.path.isfile(self.python):
            raise ValueError(f"Python Path '{self.python}' must be a file")
        if not os.path.isabs(self.python):
            raise ValueError(f"Python Path '{self.python}' must be an absolute path.")
        return super().execute(context)

    def execute_callable(self):
        """The call."""
        return self._run_elsewhere(self.python)


class BranchPythonVirtualenvOperator(BaseBranchOperator, PythonVirtualenvOperator):
    """A choice made in a virtual environment."""

    def choose_branch(self, context):
        """Call it there."""
        return PythonVirtualenvOperator.execute(self, context)


class BranchExternalPythonOperator(BaseBranchOperator, ExternalPythonOperator):
    """A choice made by another interpreter."""

    def choose_branch(self, context):
        """Call it there."""
        return ExternalPythonOperator.execute(self, context)


def _texts(value):
    """One text or several as a list; None stays None."""
    if not value:
        return None
    return [value] if isinstance(value, str) else list(value)


def is_venv_installed():
    """Whether the operators here can make virtual environments: with Python's own venv, they always can."""
    return True


def run_shown(command, env=None):
    """Run COMMAND, its output shown. Raises CalledProcessError."""
    import shlex
    import subprocess

    print("Executing cmd:", shlex.join(map(str, command)), flush=True)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    with process.stdout:
        for line in iter(process.stdout.readline, b""):
            print(line.decode(errors="backslashreplace").rstrip(), flush=True)
    if process.wait() != 0:
        raise subprocess.CalledProcessError(process.returncode, command)


def _uses_uv():
    """Whether to install with uv: as Airflow does where it is there, unless pip was told where packages are."""
    import shutil

    method = os.environ.get("AIRFLOW__STANDARD__VENV_INSTALL_METHOD", "auto").lower()
    if method != "auto":
        return method == "uv"
    return bool(shutil.which("uv")) and not any(name.startswith("PIP_") for name in os.environ)


def prepare_virtualenv(venv_directory, python_bin, system_site_packages, requirements=None, requirements_file_path=None,
                       pip_install_options=None, index_urls=None):  # fmt: skip
    """Make a virtual environment with packages in it; the path of its Python. Raises CalledProcessError."""
    if requirements is not None and requirements_file_path is not None:
        raise ValueError("Either requirements OR requirements_file_path has to be passed, but not both")
    env, options = dict(os.environ), list(pip_install_options or [])
    if index_urls is not None:
        first, *more = index_urls or [None]
        _tell_indexes(venv_directory, env, first, more)
    wanted = list(requirements or []) or (["-r", requirements_file_path] if requirements_file_path else [])
    site = ["--system-site-packages"] if system_site_packages else []
    python = f"{venv_directory}/bin/python"
    if _uses_uv():
        run_shown(["uv", "venv", "--allow-existing", "--seed", "--python", python_bin, *site, venv_directory], env)
        install = ["uv", "pip", "install", "--python", python]
    else:
        run_shown([python_bin, "-m", "venv", venv_directory, *site], env)
        install = [f"{venv_directory}/bin/pip", "install"]
    if wanted:
        run_shown([*install, *options, *wanted], env)
    return python


def _tell_indexes(folder, env, first, more):
    lines = ["[global]", f"index-url = {first}" if first else "no-index = true"]
    if more:
        lines.append(f"extra-index-url = {' '.join(more)}")
    with open(os.path.join(folder, "pip.conf"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    if first:
        env["UV_DEFAULT_INDEX"] = first
    if more:
        env["UV_INDEX"] = " ".join(more)
