"""Jinja in the daemon: only for what a pod is made of, sandboxed and limited.

Fields of tasks that our runner executes are rendered in the task's own container by the shim, where the author's macros
and live values are. Here only the fields of foreign containers (KubernetesPodOperator) are rendered, with the context
of ``context`` in the environment of ``environment``; what needs the author's own Python is a hole and stays one.
"""
