"""BashOperator."""

import os

from airflow._goflow.exceptions import AirflowException, AirflowSkipException
from airflow._goflow.operator import BaseOperator


def _same(result):
    return result


class BashOperator(BaseOperator):
    """Runs a command or a script; its last line of output is the result."""

    template_fields = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}
    template_ext = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self, *, bash_command, env=None, append_env=False, output_encoding="utf-8", skip_exit_code=None,
        skip_on_exit_code=99, cwd=None, output_processor=_same, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.bash_command, self.env, self.append_env, self.cwd = bash_command, env, append_env, cwd
        self.output_encoding, self.output_processor = output_encoding, output_processor
        self.skip_on_exit_code = exit_codes(skip_on_exit_code if skip_exit_code is None else skip_exit_code)
        self._is_inline_cmd = None

    @property
    def subprocess_hook(self):
        """What runs the command."""
        hook = self.__dict__.get("_subprocess_hook")
        if hook is None:
            from airflow._goflow.classes.hooks import SubprocessHook

            hook = self.__dict__["_subprocess_hook"] = SubprocessHook()
        return hook

    def get_env(self, context):
        """The command's environment: ``env`` alone, or over this process's own; and what Airflow tells in it."""
        from airflow._goflow.context import context_to_airflow_vars

        system = dict(os.environ)
        env = system if self.env is None else {**system, **self.env} if self.append_env else dict(self.env)
        env.update(context_to_airflow_vars(context, in_env_var_format=True))
        return env

    def execute(self, context):
        """Run it. Raises AirflowSkipException for an exit code that means skip, AirflowException for another one."""
        import shutil

        if self.cwd is not None:
            if not os.path.exists(self.cwd):
                raise AirflowException(f"Can not find the cwd: {self.cwd}")
            if not os.path.isdir(self.cwd):
                raise AirflowException(f"The cwd {self.cwd} must be a directory")
        bash = shutil.which("bash") or "bash"
        self._is_inline_cmd = not self.bash_command.endswith(tuple(self.template_ext))
        run = self._run_inline_command if self._is_inline_cmd else self._run_rendered_script_file
        result = run(bash_path=bash, env=self.get_env(context))
        if result.exit_code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {result.exit_code}. Skipping.")
        if result.exit_code != 0:
            problem = AirflowException(
                f"Bash command failed. The command returned a non-zero exit code {result.exit_code}."
            )
            problem.exit_code = result.exit_code
            raise problem
        return self.output_processor(result.output)

    def _run_inline_command(self, bash_path, env):
        return self.subprocess_hook.run_command(
            command=[bash_path, "-c", self.bash_command], env=env, output_encoding=self.output_encoding, cwd=self.cwd
        )

    def _run_rendered_script_file(self, bash_path, env):
        """A script's text goes to a file first: it may be longer than a command line."""
        import tempfile

        from airflow._goflow.classes.hooks import working_directory

        with working_directory(cwd=self.cwd) as cwd, tempfile.NamedTemporaryFile("w", dir=cwd, suffix=".sh") as file:
            file.write(self.bash_command)
            file.flush()
            return self.subprocess_hook.run_command(
                command=[bash_path, os.path.basename(file.name)], env=env, output_encoding=self.output_encoding, cwd=cwd
            )

    def on_kill(self):
        """Tell the command to stop."""
        self.subprocess_hook.send_sigterm()


def exit_codes(value):
    """One exit code, several or none, as something that ``in`` works with."""
    if value is None:
        return []
    return value if hasattr(value, "__contains__") else [value]
