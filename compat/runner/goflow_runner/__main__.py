"""``python -m goflow_runner``."""

from goflow_runner.main import main

raise SystemExit(main())
