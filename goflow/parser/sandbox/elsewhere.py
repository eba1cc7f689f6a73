"""Accounts of files that are run elsewhere: what has to be asked there, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from goflow_runner.errand import SECONDS

from goflow.domain.canonical import digest, digest_bytes
from goflow.domain.spec import Inputs
from goflow.parser.api import AccountWantedError, Errand, Folder
from goflow.parser.folder import LARGEST_FILE, read_regular
from goflow.parser.sandbox.running import accounts_in, request_for

_EACH_TIME = ("moments", "passwords", "mounts")
"""Parts of a request that are others each time it is made, or are no part of what the file sees."""


def accounts_of(
    folder: Folder, path: str, inputs: Inputs, modules: Sequence[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two accounts of the file PATH out of the answers that FOLDER has. Raises NoAccountError, and
    AccountWantedError where there is none yet."""
    request = {**request_for(folder, path, inputs, modules), "seconds": SECONDS}
    content = digest_bytes(read_regular(folder.root / path, LARGEST_FILE))
    ask = digest([content, {name: value for name, value in request.items() if name not in _EACH_TIME}])
    answer = (folder.answers or {}).get(ask)
    if answer is None:
        mounts = request.pop("mounts")
        raise AccountWantedError(Errand(path=path, ask=ask, request=json.dumps(request).encode(), mounts=mounts))
    return accounts_in(json.loads(answer))
