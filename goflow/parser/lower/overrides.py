"""Methods by which an author's own class changes how its pod is made or watched."""

from __future__ import annotations

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.libraries.airflow.words import words

POD_METHODS = frozenset(
    words(
        """execute execute_sync execute_async pre_execute post_execute on_kill dry_run render_template_fields
        build_pod_request_obj get_or_create_pod find_pod await_pod_start await_pod_completion
        await_init_containers_completion extract_xcom post_complete_action cleanup process_pod_deletion trigger_reentry
        invoke_defer_method process_duplicate_label_pods patch_already_checked pod_manager hook client
        convert_config_file_to_dict kill_istio_sidecar is_istio_enabled log_matching_pod prepare_for_execution
        build_job_request_obj create_job get_pods job_client reconcile_jobs execute_deferrable execute_complete
        cli format_command unpack_environment_variables _run_image _run_image_with_mounts _attempt_to_retrieve_result
        _generate_cmds get_python_source"""
    )
)
"""Methods of KubernetesPodOperator, KubernetesJobOperator (provider 10.22), DockerOperator and BaseOperator that the
container's way through ``execute`` goes by."""


def overridden(operator: ClassValue) -> tuple[str, ...]:
    """Those of POD_METHODS that classes of the folder define for OPERATOR, sorted."""
    found = set()
    for cls in operator.mro:
        if cls.module is not None:
            found |= {name for name in POD_METHODS & cls.attributes.keys() if _runs_code(cls.attributes[name])}
    return tuple(sorted(found))


def _runs_code(value: object) -> bool:
    return isinstance(value, UserFunction) or callable(getattr(value, "call", None))
