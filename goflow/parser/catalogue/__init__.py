"""What is known about the operator classes of Airflow's providers, as data: import paths, arguments, template fields.

One JSON file per provider in ``data/``, written by ``tools/catalogue/generate.py`` inside an environment in which the
providers are installed, and loaded when the first of its classes is asked for. Models of classes that do more than
take arguments do not belong here but in `goflow.parser.libraries`.
"""

from goflow.parser.catalogue.facts import (
    REQUIRED,
    FieldSource,
    OperatorFacts,
    all_template_fields,
    decorated,
    decorator_names,
    lookup,
    namesakes,
    provider_version,
    siblings,
)

__all__ = [
    "REQUIRED",
    "FieldSource",
    "OperatorFacts",
    "all_template_fields",
    "decorated",
    "decorator_names",
    "lookup",
    "namesakes",
    "provider_version",
    "siblings",
]
