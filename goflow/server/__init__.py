"""What speaks HTTP: REST for people and scripts, and, on a listener of its own, the task API for runners.

``task_api``, ``task_asked``, ``execution`` (Airflow's own form of it), ``attempts`` and ``door`` are the task side;
``rest`` the other; ``auth`` says who may; ``listener`` serves an application in a thread. Handlers are thin: what they
do is in the store, the scheduler's operations and the executor.
"""
