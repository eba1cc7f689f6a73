"""The metrics, the alert rules and the dashboard, held against the real promtool and a real Prometheus."""
