"""Operators that do next to nothing."""

from airflow._goflow.operator import BaseOperator


class EmptyOperator(BaseOperator):
    """Does nothing."""

    ui_color = "#e8f7e4"
    inherits_from_empty_operator = True

    def execute(self, context):
        """Nothing."""


class SmoothOperator(BaseOperator):
    """Says where to listen to a song."""

    def execute(self, context):
        """Say it."""
        self.log.info("Enjoy Sade - Smooth Operator: https://www.youtube.com/watch?v=4TYv2PhG89A")
