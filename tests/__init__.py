"""GoFlow's tests, and what they share."""

import pkgutil

import pytest

# Where helpers assert too, a failure says what was not equal.
pytest.register_assert_rewrite(*(f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)))
