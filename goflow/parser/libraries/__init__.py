"""What libraries mean to DAG files: one file per library, each registering models of its modules.

``registry`` is how a library is written and found; ``index`` says which file models which top-level module, so that a
library is loaded only when a file imports it.
"""
