"""``python -m tests.chart.crds``."""

from tests.chart.crds import make

make()
