"""The only importer of the Kubernetes client: a small API over plain JSON, and a reflector that survives bad streams.

``api`` speaks, ``reflector`` keeps a view of Jobs or pods that is true again after every cut, ``errors`` names what can
go wrong, ``namespaces`` says which are watched, ``status`` reads what pods and Jobs say of themselves. What GoFlow does
with Jobs is the executor's and the importer's; nothing here knows what a task is.
"""
