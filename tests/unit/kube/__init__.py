"""The Kubernetes client against a real HTTP server on this machine that answers as the API server does on a bad day."""
