"""What configs/many.yml names by a dotted path."""


def same_day(execution_date):
    return execution_date
