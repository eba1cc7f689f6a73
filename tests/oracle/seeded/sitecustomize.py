"""Makes `random` the same in every process that starts with ORACLE_SEED set and this folder on PYTHONPATH.

Each function of the module draws from a generator of its own, begun anew in every process and in every fork (a fork of
Python's own generator is seeded from the system again). So what a task draws depends on the seed and on its own
calls alone: not on its siblings, and not on what the framework around it drew with another function.
"""

import os
import random

_FUNCTIONS = ("betavariate", "choice", "choices", "gauss", "getrandbits", "randbytes", "randint", "random", "randrange",
              "sample", "shuffle", "triangular", "uniform")  # fmt: skip


def _begin(generators: dict[str, random.Random], seed: str) -> None:
    for name, generator in generators.items():
        generator.seed(f"{seed} {name}")


def _install(seed: str) -> None:
    generators = {name: random.Random() for name in _FUNCTIONS}
    _begin(generators, seed)
    for name, generator in generators.items():
        setattr(random, name, getattr(generator, name))
    os.register_at_fork(after_in_child=lambda: _begin(generators, seed))


if os.environ.get("ORACLE_SEED"):
    _install(os.environ["ORACLE_SEED"])
