"""YAML in the DAG folder: native DAGs, and the reading of YAML with positions that `goflow.yaml` shares.

``nodes`` is text to a tree that knows its places, ``shapes`` the checking of it, ``keys`` what native DAGs may say,
``native`` the way to `DagSpec`. What is not about YAML text (folders, precedence, Jobs) does not belong here.
"""

from goflow.parser.yaml.native import NativeFile, looks_native, read_native

__all__ = ["NativeFile", "looks_native", "read_native"]
