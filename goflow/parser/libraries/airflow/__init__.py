"""The part of Airflow that shapes DAGs, as models for the evaluator: DAG, operators, TaskFlow, groups, mapping, assets.

`graph`, `setup_teardown`, `operator_models`, `standard_operators`, `schedules` and `import_paths` know nothing of
evaluated values; the other modules build on them and on `goflow.parser.interpreter`. What a task does when it runs does
not belong here, nor do facts about the operators of providers (`goflow.parser.catalogue`).

`modules` registers the models of everything below ``airflow``. `import_paths` and `telling` load little: whoever looks
at a whole DAG folder asks them.
"""
