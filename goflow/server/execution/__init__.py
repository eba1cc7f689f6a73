"""Airflow's own Task Execution API, for tasks that run in an Airflow image (``runtime: airflow``).

Its paths, fields and rules are those of ``airflow.api_fastapi.execution_api``, as ``airflow.sdk.api.client`` of
Airflow 3 asks for them; what is done is the store's, the executor's and the scheduler's operations', as for our own
runner. A task instance's UUID is the id of its launch: another one for each container start, as Airflow's is for each
attempt. ``workload`` is what a supervisor is started with. What it may call: ``routes`` (about the task itself),
``results`` (XComs), ``asking`` (all else). ``states`` reads how a task ended, ``answers`` writes runs and contexts as
the client's own version of the API has them, ``speakers`` says who may change something still.
"""
