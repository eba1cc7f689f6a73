"""The DAG folder as a whole: which files in it count, and what its `goflow.yaml` says about them.

``discovery`` walks the folder as Airflow does, ``ignore`` reads `.airflowignore`, ``config`` reads `goflow.yaml`
and says what holds for a file, a DAG or a task, ``regular`` opens files. What one file means is for the rest of the
parser; ``survey`` and ``versions`` find out which Airflow the folder is for.
"""

from goflow.parser.folder.archives import Archive, is_archive, open_archive
from goflow.parser.folder.config import CONFIG_NAME, FileSettings, FolderConfig, folder_config
from goflow.parser.folder.discovery import dag_files, is_yaml, left_out, looks_like_dag
from goflow.parser.folder.kinds import FILE, FOLDER, kind_of_path
from goflow.parser.folder.regular import LARGEST_FILE, open_regular, read_regular
from goflow.parser.folder.settings import ImportMode
from goflow.parser.folder.survey import Survey, survey

__all__ = [
    "CONFIG_NAME",
    "FILE",
    "FOLDER",
    "LARGEST_FILE",
    "Archive",
    "FileSettings",
    "FolderConfig",
    "ImportMode",
    "Survey",
    "dag_files",
    "folder_config",
    "is_archive",
    "is_yaml",
    "kind_of_path",
    "left_out",
    "looks_like_dag",
    "open_archive",
    "open_regular",
    "read_regular",
    "survey",
]
