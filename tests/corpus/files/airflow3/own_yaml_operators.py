"""An operator that several.yml names by its path."""

from airflow.sdk import BaseOperator


class Counting(BaseOperator):
    template_fields = ("words", "rest")

    def __init__(self, *, number, words, rest="{{ ds }}", **kwargs):
        super().__init__(**kwargs)
        self.number = number
        self.words = words
        self.rest = rest

    def execute(self, context):
        return self.number
