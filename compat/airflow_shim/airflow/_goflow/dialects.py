"""What a class of Airflow has in one form under Airflow 2 and in another one under Airflow 3."""

from airflow._goflow import world


class ByDialect:
    """A class attribute that is one value under Airflow 2 and another one under Airflow 3; subclasses override it as
    they would a plain one."""

    def __init__(self, airflow2, airflow3):
        self.airflow2, self.airflow3 = airflow2, airflow3

    def __get__(self, instance, owner=None):
        return self.airflow2 if world.is_airflow2() else self.airflow3
