"""Hooks of the standard provider: processes, files, package indexes."""

import collections
import contextlib
import os
import signal
import subprocess
import tempfile

from airflow._goflow.connection import BaseHook

SubprocessResult = collections.namedtuple("SubprocessResult", ["exit_code", "output"])


@contextlib.contextmanager
def working_directory(cwd=None):
    """CWD, or a temporary folder."""
    if cwd is not None:
        yield cwd
        return
    with tempfile.TemporaryDirectory(prefix="airflowtmp") as scratch:
        yield scratch


class SubprocessHook(BaseHook):
    """Runs processes; their output becomes the task's."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.sub_process = None

    def run_command(self, command, env=None, output_encoding="utf-8", cwd=None):
        """Run COMMAND in CWD or a temporary folder, in a session of its own; its exit code and last line."""
        with working_directory(cwd) as folder:
            self.log.info("Running command: %s", command)
            self.sub_process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder,
                env=os.environ if env is None else env, start_new_session=True, restore_signals=True,
            )  # fmt: skip
            self.log.info("Output:")
            line = ""
            for raw in iter(self.sub_process.stdout.readline, b""):
                line = raw.decode(output_encoding, errors="backslashreplace").rstrip()
                print(line, flush=True)
            code = self.sub_process.wait()
            self.sub_process.stdout.close()
            self.log.info("Command exited with return code %s", code)
        return SubprocessResult(exit_code=code, output=line)

    def send_sigterm(self):
        """Tell the process and all that it started to stop."""
        process = self.sub_process
        if process is not None and process.poll() is None:
            self.log.info("Sending SIGTERM signal to process group")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


class FSHook(BaseHook):
    """A folder that a connection names (``extra``: ``{"path": ...}``)."""

    conn_name_attr, default_conn_name, conn_type, hook_name = "fs_conn_id", "fs_default", "fs", "File (path)"

    def __init__(self, fs_conn_id="fs_default", **kwargs):
        super().__init__(**kwargs)
        from airflow._goflow.connection import Connection
        from airflow._goflow.exceptions import AirflowNotFoundException

        try:
            self.conn = self.get_connection(fs_conn_id)
        except AirflowNotFoundException:
            if fs_conn_id != self.default_conn_name:
                raise
            self.conn = Connection(conn_id=fs_conn_id, conn_type="fs", extra='{"path": "/"}')  # as Airflow sets it up
        self.basepath = self.conn.extra_dejson.get("path", "")

    def get_conn(self):
        """Nothing."""

    def get_path(self):
        """The folder."""
        return self.basepath

    def test_connection(self):
        """Whether the folder is there, and words about it."""
        if not self.basepath:
            return False, "File Path is undefined."
        if not os.path.exists(self.basepath):
            return False, f"Path {self.basepath} does not exist."
        return True, f"Path {self.basepath} is existing."


class PackageIndexHook(BaseHook):
    """The address of a package index."""

    conn_name_attr, default_conn_name = "pi_conn_id", "package_index_default"
    conn_type, hook_name = "package_index", "Package Index (Python)"

    def __init__(self, pi_conn_id="package_index_default", **kwargs):
        super().__init__(**kwargs)
        self.pi_conn_id = pi_conn_id

    def get_conn(self):
        """The address."""
        return self.get_connection_url()

    def get_connection_url(self):
        """The address, with login and password. Raises ValueError for a password without a login."""
        from urllib.parse import quote, urlsplit

        connection = self.get_connection(self.pi_conn_id)
        if not connection.host:
            raise ValueError("Please provide an index URL.")
        if connection.password and not connection.login:
            raise ValueError("Please provide a login when a password is set.")
        if not connection.login:
            return connection.host
        parts = urlsplit(connection.host)
        login = quote(connection.login, safe="")
        if connection.password:
            login += f":{quote(connection.password, safe='')}"
        return parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}").geturl()
