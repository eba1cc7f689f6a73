"""A small, deterministic Python over libcst trees: values, scopes, calls, classes, budget, and the Unknown.

What belongs here is the language. What a library means belongs in ``goflow.parser.libraries``, which is looked up
through its registry and never imported from here. Nothing here calls ``exec``, ``eval``, ``import`` or a function of
the file that is read (decision 1 of the architecture).

``values`` are what expressions give: Python's own constants and containers, and `Value` for everything else.
"""
