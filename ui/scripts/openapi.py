"""Print the OpenAPI document of this checkout's REST, without a daemon."""

import json
from typing import Any, cast

from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.server.rest.app import application
from goflow.server.rest.context import Services

nothing = cast("Any", None)  # no route is called
services = Services(store=nothing, defaults=Defaults(), site=Site(task_api="http://x", runner_image="x"))
print(json.dumps(application(services).openapi()))
