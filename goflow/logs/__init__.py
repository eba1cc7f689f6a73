"""Where log lines go beyond the database, and how they are read back from wherever they are.

The database is the outbox: runners and followers store lines there, with a note that they are to leave. The shipper
sends them on to a *log store* (Elasticsearch or OpenSearch, or objects below any URL that fsspec knows), each with an
id of its own, so that sending some twice is harmless; what was sent is pruned some time later. The reader joins both
again, and tells gaps. Which lines are written, and by whom, does not belong here.
"""
