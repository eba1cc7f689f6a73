"""What the daemon asks of the process that reading processes are forked from (`goflow.importer.zygote`).

A request is one packet, with the descriptors that the new process reads from and writes to where it is `BEGIN`. The new
process says its own process id when it is ready; `EXIT_CODE` is answered with one packet.
"""

from __future__ import annotations

import struct

REQUEST = struct.Struct(">Bi")
"""What is asked, and of which process; in the answer its exit code (negative: that signal)."""
BEGIN, EXIT_CODE = 1, 2
