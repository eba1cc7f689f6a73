"""Rendering with Jinja, as Airflow's Templater does it: nested values, files of templates, native objects.

Jinja is imported when there is something to render, and not before.
"""

from airflow._goflow import world

MARKS = ("{{", "{%", "{#")


class Templater:
    """What can render its ``template_fields``."""

    template_fields = ()
    template_ext = ()

    def get_template_env(self, dag=None):
        """The Jinja environment of the DAG, or a plain one."""
        from airflow._goflow import jinja

        dag = dag if dag is not None else _dag_of(self)
        return jinja.environment() if dag is None else dag.get_template_env()

    def prepare_template(self):
        """A hook for the author's class, called when files of templates have been read."""

    def resolve_template_files(self):
        """Put the content of files in the place of their names."""
        extensions = tuple(self.template_ext or ())
        if extensions:
            for name in self.template_fields:
                value = getattr(self, name, None)
                if isinstance(value, str) and value.endswith(extensions):
                    setattr(self, name, _file_text(self, value))
                elif isinstance(value, list):
                    for number, item in enumerate(value):
                        if isinstance(item, str) and item.endswith(extensions):
                            value[number] = _file_text(self, item)
        self.prepare_template()

    def render_template_fields(self, context, jinja_env=None):
        """Render the fields in place."""
        self._do_render_template_fields(self, self.template_fields, context, jinja_env, set())

    def _do_render_template_fields(self, parent, template_fields, context, jinja_env, seen_oids):
        for name in template_fields:
            try:
                value = getattr(parent, name)
            except AttributeError:
                raise AttributeError(
                    f"{name!r} is configured as a template field "
                    f"but {type(parent).__name__} does not have this attribute."
                ) from None
            if _is_false(value):
                continue
            setattr(parent, name, self._render_field(parent, name, value, context, jinja_env, seen_oids))

    def _render_field(self, parent, name, value, context, jinja_env, seen_oids):
        try:
            is_function = callable(value) and not hasattr(value, "resolve") and not hasattr(value, "template_fields")
            if is_function and not world.is_airflow2():
                return value(context=context, jinja_env=jinja_env or self.get_template_env())
            return self.render_template(value, context, jinja_env, seen_oids)
        except Exception:
            import logging

            from airflow._goflow.logs import redact

            owner = f"task '{self.task_id}'" if getattr(self, "task_id", None) else type(parent).__name__
            logging.getLogger("airflow.task").error(
                "Exception rendering Jinja template for %s, field '%s'. Template: %r", owner, name, redact(value)
            )
            raise

    def render_template(self, content, context, jinja_env=None, seen_oids=None):
        """CONTENT rendered: text as a template, collections member by member, results taken, objects with
        ``template_fields`` in place. What was seen already (SEEN_OIDS) is left as it is."""
        seen = set() if seen_oids is None else seen_oids
        if id(content) in seen:
            return content
        if isinstance(content, str):
            return self._render_text(content, context, jinja_env)
        resolve = getattr(content, "resolve", None)
        if resolve is not None and not isinstance(content, type) and not hasattr(content, "__fspath__"):
            return resolve(context)
        if content.__class__ is tuple:
            return tuple(self.render_template(inner, context, jinja_env, seen) for inner in content)
        if isinstance(content, tuple):
            return type(content)(*(self.render_template(inner, context, jinja_env, seen) for inner in content))
        if isinstance(content, list):
            return [self.render_template(inner, context, jinja_env, seen) for inner in content]
        if isinstance(content, dict):
            return {key: self.render_template(inner, context, jinja_env, seen) for key, inner in content.items()}
        if isinstance(content, set):
            return {self.render_template(inner, context, jinja_env, seen) for inner in content}
        self._render_nested_template_fields(content, context, jinja_env, seen)
        return content

    def _render_text(self, text, context, jinja_env):
        is_file = bool(self.template_ext) and text.endswith(tuple(self.template_ext))
        if not is_file and jinja_env is None and _is_plain(self, text):
            return text

        env = jinja_env or self.get_template_env()
        return self._render(env.get_template(text) if is_file else env.from_string(text), context)

    def _render(self, template, context, dag=None):
        """TEMPLATE rendered: to an object where the task, or else its DAG, says so."""
        from airflow._goflow import jinja

        return jinja.render(template, context, native=_is_native(self, dag))

    def _render_nested_template_fields(self, value, context, jinja_env, seen_oids):
        if id(value) in seen_oids:
            return
        seen_oids.add(id(value))
        nested = getattr(value, "template_fields", None)
        if nested and not isinstance(value, type):
            self._do_render_template_fields(value, nested, context, jinja_env, seen_oids)


def _dag_of(thing):
    has_dag = getattr(thing, "has_dag", None)
    return thing.dag if has_dag is not None and has_dag() else None


def _is_plain(thing, text):
    """Whether TEXT comes out of Jinja as it goes in: then Jinja need not be asked, nor imported."""
    if any(mark in text for mark in MARKS) or text.endswith("\n") or "\r" in text:
        return False
    dag = _dag_of(thing)
    if dag is not None and (dag.jinja_environment_kwargs or dag.render_template_as_native_obj):
        return False
    return not _is_native(thing, dag)


def _is_native(thing, dag):
    """Whether templates of THING give objects. The environment stays its DAG's, which may be of the other kind: what
    does not fit then fails as it does under Airflow (``_should_render_native``)."""
    own = None if world.is_airflow2() else getattr(thing, "render_template_as_native_obj", None)
    if own is not None:
        return own
    dag = dag if dag is not None else _dag_of(thing)
    return dag is not None and dag.render_template_as_native_obj


def _is_false(value):
    """Whether VALUE is empty; what cannot tell (a data frame) is not."""
    try:
        return not value
    except Exception:
        return False


def _file_text(thing, name):
    env = thing.get_template_env()
    try:
        return env.loader.get_source(env, name)[0]
    except Exception as problem:
        import logging

        logging.getLogger("airflow.task").error("Failed to resolve template file %r: %s", name, problem)
        return name
