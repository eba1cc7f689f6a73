"""Airflow's cluster policies that a task's own code asks for: those of the image's ``airflow_local_settings``."""


def pod_mutation_hook(pod):
    """Let the policy of that name change POD, which an operator is about to make (``airflow.policies``); without such a
    module or function nothing is done."""
    try:
        import airflow_local_settings
    except ModuleNotFoundError as problem:
        if problem.name != "airflow_local_settings":
            raise
        return
    policy = getattr(airflow_local_settings, "pod_mutation_hook", None)
    if policy is not None:
        policy(pod)
