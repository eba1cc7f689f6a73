"""``airflow.task.priority_strategy``: how much instances of a task weigh, by a strategy of the author's own."""


class PriorityWeightStrategy:
    """The base of strategies. They have no state: what is asked is a new object of the class."""

    def get_weight(self, ti):
        """How much the instance weighs."""
        raise NotImplementedError("must be implemented by a subclass")

    def __eq__(self, other):
        return isinstance(other, type(self))

    def __hash__(self):
        return hash(None)


class _AbsolutePriorityWeightStrategy(PriorityWeightStrategy):
    """The task's own weight."""

    def get_weight(self, ti):
        return ti.task.priority_weight


class _Relatives(PriorityWeightStrategy):
    """With those of all that are related to it in one direction."""

    upstream = False

    def get_weight(self, ti):
        dag = ti.task.get_dag()
        relatives = ti.task.get_flat_relative_ids(upstream=self.upstream)
        return ti.task.priority_weight + sum(dag.task_dict[task_id].priority_weight for task_id in relatives)


class _DownstreamPriorityWeightStrategy(_Relatives):
    """With those below it."""


class _UpstreamPriorityWeightStrategy(_Relatives):
    """With those above it."""

    upstream = True


class WeighedInstance:
    """A task instance whose weight is asked for, as far as Airflow's scheduler has it then.

    Before its first attempt it is a new object there (``TaskInstance.insert_mapping``): it knows its run's id, and the
    run through ``get_dagrun`` alone. Later it is the stored row, which knows the run too.
    """

    def __init__(self, task, asked):
        from airflow._goflow import dag_run, world

        self.task, self.dag_id, self.task_id = task, task.dag.dag_id, asked["task_id"]
        self.run_id, self.map_index = asked["run_id"], asked["map_index"]
        self.try_number, self.max_tries = asked["try_number"], asked["max_tries"]
        self.pool, self.pool_slots, self.queue = task.pool, task.pool_slots, task.queue
        self.priority_weight, self.operator = task.priority_weight, task.task_type
        self.run_as_user, self.executor = task.run_as_user, task.executor
        self.task_display_name = task.task_display_name
        self.test_mode = False
        self._run = dag_run.DagRun(dag_id=self.dag_id, **asked.get("run") or {"run_id": self.run_id})
        self._run.dag = task.dag
        of_run = self._run if self.try_number else None
        self.dag_run = of_run
        for name in ("logical_date", "execution_date" if world.is_airflow2() else "run_after"):
            setattr(self, name, getattr(of_run, name, None))
        if not self.try_number:
            self.state = self.start_date = self.end_date = self.duration = self.queued_dttm = None
            self.hostname = ""

    def get_dagrun(self, session=None):
        """Its run."""
        return self._run

    def __getattr__(self, name):
        raise AttributeError(f"GoFlow does not tell a strategy of weights {name!r} of a task instance")

    def __repr__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}>"


def weigh(dag, asked):
    """How much the instance that ASKED names weighs."""
    task = dag.task_dict[asked["task_id"]]
    return strategy_of(task).get_weight(WeighedInstance(task, asked))


def strategy_of(task):
    """A new object of the strategy's class, as the scheduler has it in Airflow."""
    from airflow._goflow.helpers import import_string

    rule = getattr(task, "weight_rule", None) or getattr(task, "partial_kwargs", {}).get("weight_rule")
    if isinstance(rule, str):
        return import_string(rule)()
    return rule() if isinstance(rule, type) else type(rule)()
