"""What an operator class of Airflow is to the reader: its arguments, template fields and what its ``__init__`` does.

Value-free: no evaluation happens here. `standard_operators` and `base_operators` fill the tables, `operators` makes
classes of the evaluator from them, and from the catalogue for every other provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

from goflow.domain.spec import Dialect


class Required:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = Required()

BASE_OPERATOR = "airflow.sdk.bases.operator.BaseOperator"
BASE_SENSOR = "airflow.sdk.bases.sensor.BaseSensorOperator"
BASE_BRANCH = "airflow.sdk.bases.branch.BaseBranchOperator"
DECORATED_OPERATOR = "airflow.sdk.bases.decorator.DecoratedOperator"


class Settling(Protocol):
    """A task under construction, as the ``settle`` function of an operator model sees it.

    VALUES are the arguments of the whole class, merged with the defaults; ``settle`` turns them into the attributes
    that Airflow's ``__init__`` would leave. A value may be ``Unknown``: ``known`` tells.
    """

    values: dict[str, Any]
    dialect: Dialect

    def known(self, *names: str) -> bool:
        """Whether the values of all NAMES are known, and none of them is an XCom."""

    def fail(self, kind: str, message: str) -> NoReturn:
        """Raise the Python exception KIND as Airflow would."""

    def is_callable(self, value: Any) -> bool:
        """Whether VALUE can be called, or may turn out to."""

    def is_function(self, value: Any) -> bool:
        """Whether VALUE is a function with a name of its own (no lambda, no method), or may turn out to be one."""

    def unknown(self, reason: str) -> Any:
        """An Unknown that depends on REASON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorModel:
    """One operator class.

    PATH is its canonical import path (Airflow 3's); BASES those of what it derives from. PARAMETERS are the arguments
    of its own ``__init__``, with their defaults or `REQUIRED`. TEMPLATE_FIELDS and TEMPLATE_EXT are None where the
    class does not say, so that the next base's hold. SETTLE runs after that of the bases, HOOK before anything else.
    SEALED is true where further keyword arguments are refused by name (everywhere but for operators that nothing is
    known about); LENIENT makes a warning of it, since the installed version of a provider may take more.
    CUSTOM_NAME is the name of a decorator's operator (``@task.bash``).
    """

    path: str
    bases: tuple[str, ...] = (BASE_OPERATOR,)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    template_fields: tuple[str, ...] | None = None
    template_ext: tuple[str, ...] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    settle: Callable[[Settling], None] | None = None
    hook: Callable[..., None] | None = None
    sealed: bool = True
    lenient: bool = False
    custom_name: str | None = None
    mro: tuple[str, ...] = ()
    """What the class really derives from, nearest first, where BASES leaves some out."""

    @property
    def name(self) -> str:
        """The class's name."""
        return self.path.rpartition(".")[2]

    @property
    def module(self) -> str:
        """The module that defines it."""
        return self.path.rpartition(".")[0]
