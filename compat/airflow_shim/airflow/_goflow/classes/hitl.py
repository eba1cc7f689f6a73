"""Operators that ask a person (``airflow.providers.standard.operators.hitl``), and the calls that they make."""

from urllib.parse import urlencode, urlparse, urlunparse

from airflow._goflow import exceptions as e
from airflow._goflow.notifier import BaseNotifier
from airflow._goflow.operator import BaseOperator
from airflow._goflow.params import ParamsDict
from airflow._goflow.skipping import BranchMixIn, SkipMixin
from airflow._goflow.world import World


def upsert_hitl_detail(
    ti_id=None, options=(), subject="", body=None, defaults=None, multiple=False, params=None, assigned_users=None
):
    """Ask."""
    World.client.ask_person(
        {
            "subject": subject,
            "body": body,
            "options": list(options),
            "defaults": None if defaults is None else list(defaults),
            "multiple": bool(multiple),
            "params": dict(params or {}),
            "assigned_users": [dict(user) for user in assigned_users or ()],
        }
    )


def _one_or_several(value, kind):
    return [value] if isinstance(value, kind) else value


class HITLOperator(BaseOperator):
    """Asks a person, waits for the answer, and leaves it as its result."""

    template_fields = ("subject", "body")

    def __init__(
        self, *, subject, options, body=None, defaults=None, multiple=False, params=None, notifiers=None,
        assigned_users=None, response_timeout=None, **kwargs
    ):  # fmt: skip
        super().__init__(**kwargs)
        if self.execution_timeout and not response_timeout:  # the old name of the time for the answer
            response_timeout, self.execution_timeout = self.execution_timeout, None
        self.response_timeout, self.subject, self.body = response_timeout, subject, body
        self.options, self.defaults, self.multiple = options, _one_or_several(defaults, str), multiple
        self.params = params if isinstance(params, ParamsDict) else ParamsDict(params or {})
        self.notifiers = _one_or_several(notifiers, BaseNotifier) or []
        self.assigned_users = _one_or_several(assigned_users, dict)
        self.hitl_summary_extra = {}
        self.validate_options()
        self.validate_params()
        self.validate_defaults()

    @property
    def hitl_summary(self):
        """The question, and what has become of it, for listeners."""
        names = ("subject", "body", "options", "defaults", "multiple", "assigned_users")
        told = {name: getattr(self, name) for name in names}
        return {**told, "serialized_params": self.serialized_params or None, **self.hitl_summary_extra}

    @property
    def serialized_params(self):
        """The form's fields as maps."""
        return {name: self.params.get_param(name).serialize() for name in self.params}

    def validate_options(self):
        """Raises ValueError without options."""
        if not self.options:
            raise ValueError('"options" cannot be empty.')

    def validate_params(self):
        """Raises ValueError for a field that is named as the options are."""
        if "_options" in self.params:
            raise ValueError('"_options" is not allowed in params')

    def validate_defaults(self):
        """Raises ValueError for defaults that are no options, or too many."""
        if self.defaults is None:
            return
        if not set(self.defaults).issubset(self.options):
            raise ValueError(f'defaults "{self.defaults}" should be a subset of options "{self.options}"')
        if self.multiple is False and len(self.defaults) > 1:
            raise ValueError('More than one defaults given when "multiple" is set to False.')

    def execute(self, context):
        """Ask, notify, and wait."""
        upsert_hitl_detail(
            options=self.options, subject=self.subject, body=self.body, defaults=self.defaults,
            multiple=self.multiple, params=self.serialized_params, assigned_users=self.assigned_users,
        )  # fmt: skip
        self.log.info("Waiting for response")
        for notifier in self.notifiers:
            notifier(context)
        raise e.TaskAwaitingInput(method_name="execute_complete", timeout=self.response_timeout)

    def execute_complete(self, context, event):
        """The answer, as Airflow leaves it. Raises HITLTimeoutError, and ValueError for one that does not fit."""
        if "error" in event:
            self.hitl_summary_extra["error_type"] = event["error_type"]
            self.process_trigger_event_error(event)
        chosen, filled = event["chosen_options"], event["params_input"] or {}
        self.validate_chosen_options(chosen)
        self.validate_params_input(filled)
        names = ("responded_at", "responded_by_user")
        answer = {"chosen_options": chosen, "params_input": filled, **{name: event[name] for name in names}}
        self.hitl_summary_extra.update(answer, responded_at=event["responded_at"].isoformat())
        return answer

    def process_trigger_event_error(self, event):
        """Raises HITLTimeoutError or HITLTriggerEventError."""
        raise (e.HITLTimeoutError if event["error_type"] == "timeout" else e.HITLTriggerEventError)(event)

    def validate_chosen_options(self, chosen_options):
        """Raises ValueError for what is no option."""
        if unknown := set(chosen_options) - set(self.options):
            raise ValueError(f"Responses {unknown} not in {self.options}")

    def validate_params_input(self, params_input):
        """Raises ValueError for other fields than those of the form, ParamValidationError for values that do not
        fit."""
        if self.params and params_input and set(self.serialized_params) ^ set(params_input):
            raise ValueError(f"params_input {params_input} does not match params {self.params}")
        for name, value in params_input.items():
            self.params[name] = value

    def generate_link_to_ui(self, *, task_instance, base_url=None, options=None, params_input=None):
        """The address of the page where the question is answered. Raises ValueError."""
        from airflow._goflow.configuration import conf

        asked, options = {}, _one_or_several(options, str)
        if options:
            if unknown := set(options) - set(self.options):
                raise ValueError(f"options {unknown} are not valid options")
            asked["_options"] = options
        if params_input:
            if unknown := set(params_input) - set(self.params):
                raise ValueError(f"params {unknown} are not valid params")
            asked.update(params_input)
        if not (base_url := base_url or conf.get("api", "base_url", fallback=None)):
            raise ValueError("Not able to retrieve base_url")
        asked["map_index"] = task_instance.map_index
        parts, ti = urlparse(base_url), task_instance
        path = f"/dags/{ti.dag_id}/runs/{ti.run_id}/tasks/{ti.task_id}/required_actions"
        return urlunparse((parts.scheme, parts.netloc, path, "", urlencode(asked), ""))

    @staticmethod
    def generate_link_to_ui_from_context(*, context, base_url=None, options=None, params_input=None):
        """The same for the task of a context. Raises ValueError."""
        task = context["task"]
        if not isinstance(task, HITLOperator):
            raise ValueError("This method only supports HITLOperator")
        return task.generate_link_to_ui(
            task_instance=context["task_instance"], base_url=base_url, options=options, params_input=params_input
        )


class ApprovalOperator(HITLOperator, SkipMixin):
    """Approve, or reject: then what is below is skipped."""

    FIXED_ARGS = ["options", "multiple"]
    APPROVE, REJECT = "Approve", "Reject"

    def __init__(self, *, ignore_downstream_trigger_rules=False, fail_on_reject=False, **kwargs):
        for name in self.FIXED_ARGS:
            if name in kwargs:
                raise ValueError(f"Passing {name} to ApprovalOperator is not allowed.")
        super().__init__(options=[self.APPROVE, self.REJECT], multiple=False, **kwargs)
        self.ignore_downstream_trigger_rules, self.fail_on_reject = ignore_downstream_trigger_rules, fail_on_reject

    def execute_complete(self, context, event):
        """The answer; a rejection skips what is below, or fails. Raises HITLRejectException."""
        answer = super().execute_complete(context=context, event=event)
        chosen = answer["chosen_options"][0]
        self.hitl_summary_extra["approved"] = chosen == self.APPROVE
        if chosen == self.APPROVE:
            self.log.info("Approved. Proceeding with downstream tasks...")
            return answer
        if self.fail_on_reject:
            raise e.HITLRejectException('Receive "Reject"')
        task = context["task"]
        below = task.get_flat_relatives if self.ignore_downstream_trigger_rules is True else task.get_direct_relatives
        self.log.info("Skipping downstream tasks")
        self.skip(ti=context["ti"], tasks=[one for one in below(upstream=False) if not one.is_teardown])
        return answer


class HITLBranchOperator(HITLOperator, BranchMixIn):
    """Goes on with the tasks that are chosen."""

    inherits_from_skipmixin = True

    def __init__(self, *, options_mapping=None, **kwargs):
        super().__init__(**kwargs)
        self.options_mapping = options_mapping or {}
        self.validate_options_mapping()

    def validate_options_mapping(self):
        """Raises ValueError for a mapping of what is no option, or to what is no task id."""
        unknown = set(self.options_mapping) - set(self.options)
        if unknown:
            raise ValueError(f"`options_mapping` contains keys that are not in `options`: {sorted(unknown)}")
        wrong = {k: (v, type(v).__name__) for k, v in self.options_mapping.items() if not isinstance(v, str)}
        if wrong:
            raise ValueError(f"`options_mapping` values must be strings (task_ids).\nInvalid entries: {wrong}")

    def execute_complete(self, context, event):
        """What is followed."""
        answer = super().execute_complete(context=context, event=event)
        chosen = [self.options_mapping.get(option, option) for option in answer["chosen_options"]]
        return self.do_branch(context=context, branches_to_execute=chosen)


class HITLEntryOperator(HITLOperator):
    """Asks for the fields of a form."""

    OK = "OK"

    def __init__(self, **kwargs):
        if "options" not in kwargs:
            kwargs["options"] = [self.OK]
            kwargs.setdefault("defaults", [self.OK])
        super().__init__(**kwargs)
