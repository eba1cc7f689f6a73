"""Which templates the daemon may render itself: those that come out as in the task's own container.

A template that uses anything else (the graph, connections, earlier runs, files that it includes, the author's own
macros) is rendered there, by the shim. So nothing is a little different here: it is the same, or it is not done here.
"""

from __future__ import annotations

import functools

from jinja2 import Environment, TemplateError, nodes
from jinja2.meta import find_undeclared_variables

from goflow.domain.spec import Dialect
from goflow.templating.context import FILTERS
from goflow.templating.environment import is_plain

_VALUES = frozenset({
    "ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "run_id", "task_instance_key_str", "logical_date",
    "data_interval_start", "data_interval_end", "range", "dict", "namespace", "cycler", "joiner", "loop",
})  # fmt: skip
"""Names that may be used in any way."""
_OF_AIRFLOW2 = frozenset({"execution_date", "yesterday_ds", "yesterday_ds_nodash", "tomorrow_ds", "tomorrow_ds_nodash"})
_OF_AIRFLOW3 = frozenset({"partition_key", "partition_date"})
_RUN = frozenset({
    "dag_id", "run_id", "run_type", "conf", "logical_date", "start_date", "data_interval_start", "data_interval_end",
})  # fmt: skip
_ATTEMPT = frozenset({"task_id", "dag_id", "run_id", "map_index", "try_number", "max_tries", "xcom_pull"})
_PARTS = {
    "dag_run": _RUN,
    "ti": _ATTEMPT,
    "task_instance": _ATTEMPT,
    "dag": frozenset({"dag_id"}),
    "task": frozenset({"task_id"}),
    "macros": frozenset({"ds_add", "ds_format", "datetime", "timedelta", "json", "uuid", "random"}),
}
"""Of objects: the attributes that may be asked for, and nothing else may be done with them."""
_WHOLE = frozenset({
    "items", "keys", "values", "copy", "update", "pop", "popitem", "setdefault", "clear",
})  # fmt: skip
"""Methods that tell the order of ``params``, which the version does not keep, or change them."""
_ACCESSORS = frozenset({"value", "json"})
_ELSEWHERE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block, nodes.ExprStmt)
_grammar = Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - only read, never rendered
_grammar.filters.update(FILTERS)
_grammar.globals.clear()  # so that Jinja's own functions count as names that a template uses


@functools.lru_cache(maxsize=1024)
def within_reach(text: str, dialect: Dialect) -> bool:
    """Whether the daemon renders TEXT as Airflow does. A template with a fault is: that is what comes out."""
    if is_plain(text):
        return True
    try:
        tree = _grammar.parse(text)
        names = find_undeclared_variables(tree)
    except TemplateError:
        return True
    allowed = _VALUES | (_OF_AIRFLOW2 if dialect is Dialect.AIRFLOW2 else _OF_AIRFLOW3)
    objects = names & {*_PARTS, "var", "params"}
    if not names <= allowed | objects or next(tree.find_all(_ELSEWHERE), None) is not None:
        return False
    return _used_in_parts(tree, objects) and all(map(_is_plain_pull, tree.find_all(nodes.Call)))


def _used_in_parts(tree: nodes.Template, names: set[str]) -> bool:
    """Whether of the objects NAMES only known attributes are asked for."""
    asked = list(tree.find_all(nodes.Getattr))
    good = sum(isinstance(node.node, nodes.Name) and _may_be_asked(node.node.name, node.attr) for node in asked)
    good += sum(
        isinstance(node.node, nodes.Name) and node.node.name == "params" and isinstance(node.arg, nodes.Const)
        for node in tree.find_all(nodes.Getitem)
    )
    mentioned = sum(node.name in names for node in tree.find_all(nodes.Name))
    looked_up = sum(_is_accessor(node.node) for node in asked)
    return good == mentioned and looked_up == sum(map(_is_accessor, asked))


def _may_be_asked(name: str, attribute: str) -> bool:
    """Whether ``NAME.ATTRIBUTE`` is known here."""
    if name == "params":
        return attribute not in _WHOLE
    return attribute in (_ACCESSORS if name == "var" else _PARTS.get(name, frozenset()))


def _is_accessor(node: nodes.Node) -> bool:
    """Whether NODE is ``var.value`` or ``var.json``."""
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "var"


def _is_plain_pull(call: nodes.Call) -> bool:
    """Whether CALL is no ``xcom_pull``, or one that names its tasks and asks for nothing but a key besides."""
    if not isinstance(call.node, nodes.Getattr) or call.node.attr != "xcom_pull":
        return True
    words = {word.key for word in call.kwargs}
    plain = call.dyn_args is None and call.dyn_kwargs is None and len(call.args) <= 1 and words <= {"task_ids", "key"}
    return plain and bool(call.args or "task_ids" in words)
