"""Text in, `DagSpec` out: the static reader of DAG files.

No database, no cluster, and no user code: Python files are evaluated over their libcst trees by ``interpreter``, with
one model per library in ``libraries``; YAML files are read by ``yaml``; ``lower`` turns what comes out into specs.
``sandbox`` is the second way, off by default: a file is run in another process, and what that tells is lowered.
``api`` is the only door: other rooms call ``goflow.parser.api.parse_file`` and read `ParseResult`.
"""
