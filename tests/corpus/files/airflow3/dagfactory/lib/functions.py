"""What tasks of the YAML files call."""


def extract(number, source="orders", **context):
    return [number, source]


def numbers():
    return [1, 2, 3]


def add_one(x, step=1):
    return x + step


def pair() -> dict[str, int]:
    return {"left": 1, "right": 2}


def tell(context, channel="#data"):
    print(channel, context)


def page(context):
    print(context)


def is_ready():
    return True
