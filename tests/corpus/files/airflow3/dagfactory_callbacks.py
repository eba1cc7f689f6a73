"""What the YAML files of dagfactory/ name by a dotted path."""


def tell(context, channel="#data"):
    print(channel, context)


def page(context):
    print(context)
