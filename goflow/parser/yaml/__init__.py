"""YAML in the DAG folder: native DAGs, Airflow's own format, dag-factory's files, and the YAML of `goflow.yaml`.

``kinds`` tells the formats apart. ``nodes`` is text to a tree that knows its places, ``shapes`` the checking of it,
``keys`` what native DAGs may say, ``native`` the way to `DagSpec`. ``located`` is YAML as Airflow reads it, ``airflow``
its own format, ``evaluated`` the way to DAGs of those that are made of operators. What is not about YAML text (folders,
precedence, Jobs) does not belong here.
"""

from goflow.parser.yaml.kinds import Kind, kind_of
from goflow.parser.yaml.native import NativeFile, looks_native, read_native

__all__ = ["Kind", "NativeFile", "kind_of", "looks_native", "read_native"]
