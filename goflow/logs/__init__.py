"""Where logs go beyond the database: Elasticsearch, object stores. Nothing is here yet.

Today runners push their lines to the task API, which keeps them in the store; the executor follows foreign containers.
What will belong here is shipping them on, with retention, and reading them back.
"""
