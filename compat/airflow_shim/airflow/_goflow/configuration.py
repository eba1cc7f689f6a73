"""``conf``: settings that the environment gives, else the defaults of Airflow and of installed providers."""

import os

from airflow._goflow import facts
from airflow._goflow.exceptions import AirflowConfigException
from airflow._goflow.words import NOTSET
from airflow._goflow.world import World

AIRFLOW_HOME = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
AIRFLOW_CONFIG = os.environ.get("AIRFLOW_CONFIG") or os.path.join(AIRFLOW_HOME, "airflow.cfg")
_OURS = {
    ("core", "dags_folder"): os.path.join(AIRFLOW_HOME, "dags"),
    ("core", "plugins_folder"): os.path.join(AIRFLOW_HOME, "plugins"),
    ("core", "executor"): "LocalExecutor",
    ("core", "load_examples"): "False",
    ("logging", "base_log_folder"): os.path.join(AIRFLOW_HOME, "logs"),
    ("standard", "venv_install_method"): "auto",
    ("kubernetes_executor", "namespace"): "default",
    ("kubernetes_executor", "worker_container_repository"): "",
    ("kubernetes_executor", "worker_container_tag"): "",
    ("kubernetes_executor", "pod_template_file"): "",
}
"""Settings that depend on the place, and those that Airflow's defaults would not tell right here."""


def _defaults(section):
    """Airflow's settings of SECTION; of one that is not Airflow's own, those that providers bring."""
    found = facts.settings(section)
    if not found:
        from airflow._goflow import providers

        found = providers.settings(section)
    return found


class AirflowConfigParser:
    """Settings by section and key."""

    def _find(self, section, key):
        name = f"AIRFLOW__{section.upper().replace('.', '_').replace('-', '_')}__{key.upper()}"
        if name in os.environ:
            return os.environ[name]
        command = os.environ.get(f"{name}_CMD")
        if command:
            import shlex
            import subprocess

            return subprocess.run(shlex.split(command), check=True, capture_output=True, text=True).stdout.strip()
        secret = os.environ.get(f"{name}_SECRET")
        if secret:
            from airflow._goflow import sources

            return sources.setting(secret)
        asked = (section.lower(), key.lower())
        if asked == ("core", "dags_folder") and (World.task_input or {}).get("folder_here"):
            return World.task_input["folder_here"]
        found = _OURS.get(asked)
        return _defaults(asked[0]).get(asked[1]) if found is None else found

    def get(self, section, key, fallback=NOTSET, **kwargs):
        """A setting's text. Raises AirflowConfigException where there is none and no fallback."""
        found = self._find(section, key)
        if found is not None:
            return found
        if fallback is NOTSET:
            raise AirflowConfigException(f"section/key [{section}/{key}] not found in config")
        return fallback

    get_mandatory_value = get

    def getboolean(self, section, key, fallback=NOTSET, **kwargs):
        """As true or false. Raises AirflowConfigException."""
        found = self.get(section, key, fallback)
        if found is None or isinstance(found, bool):
            return found
        text = str(found).partition("#")[0].strip().lower()
        if text in {"t", "true", "1"}:
            return True
        if text in {"f", "false", "0"}:
            return False
        raise AirflowConfigException(
            f'Failed to convert value to bool. Please check "{key}" key in "{section}" section.'
        )

    def _number(self, kind, section, key, fallback):
        found = self.get(section, key, fallback)
        try:
            return found if found is None or found is fallback else kind(found)
        except ValueError:
            raise AirflowConfigException(
                f'Failed to convert value to {kind.__name__}. Please check "{key}" key in "{section}" section.'
            ) from None

    def getint(self, section, key, fallback=NOTSET, **kwargs):
        """As a whole number."""
        return self._number(int, section, key, fallback)

    def getfloat(self, section, key, fallback=NOTSET, **kwargs):
        """As a number."""
        return self._number(float, section, key, fallback)

    def getlist(self, section, key, delimiter=",", fallback=NOTSET, **kwargs):
        """As a list of texts."""
        found = self.get(section, key, fallback)
        return [part.strip() for part in found.split(delimiter)] if isinstance(found, str) else found

    def getjson(self, section, key, fallback=NOTSET, **kwargs):
        """As what its JSON says."""
        import json

        found = self.get(section, key, fallback)
        return json.loads(found) if isinstance(found, str) and found else found

    def gettimedelta(self, section, key, fallback=NOTSET, **kwargs):
        """As a timedelta of seconds."""
        import datetime as dt

        found = self.get(section, key, fallback)
        return dt.timedelta(seconds=int(found)) if isinstance(found, str) and found else found

    def getimport(self, section, key, **kwargs):
        """What a dotted path names."""
        from airflow._goflow.helpers import import_string

        path = self.get(section, key, None)
        try:
            return import_string(path) if path else None
        except ImportError as problem:
            raise AirflowConfigException(
                f'The object could not be loaded. Please check "{key}" key in "{section}" section. '
                f'Current value: "{path}". ({problem})'
            ) from problem

    def has_option(self, section, option, **kwargs):
        """Whether it is there."""
        return self._find(section, option) is not None

    def getsection(self, section, **kwargs):
        """All of a section that is known."""
        prefix = f"AIRFLOW__{section.upper()}__"
        found = dict(_defaults(section.lower()))
        found.update({key: value for (part, key), value in _OURS.items() if part == section.lower()})
        found.update(
            {name[len(prefix) :].lower(): value for name, value in os.environ.items() if name.startswith(prefix)}
        )
        return found or None


AirflowSDKConfigParser = AirflowConfigParser
conf = AirflowConfigParser()


def get_airflow_home():
    """Airflow's folder."""
    return AIRFLOW_HOME
