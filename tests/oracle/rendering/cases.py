"""The table: a DAG file, kinds of runs that its tasks are in, templates that are rendered in each, and fields.

Plain data and texts, so that it can be handed to any interpreter as JSON (`document`).
"""

from __future__ import annotations

from typing import Any

DAG_FILE = """
import datetime, pendulum, pathlib, collections, dataclasses, json
from airflow import DAG
from airflow.models import BaseOperator
from airflow.models.param import Param
from airflow.utils.task_group import TaskGroup
from airflow.decorators import task
try:
    from airflow.sdk import Asset, AssetAlias
except ImportError:
    from airflow.datasets import Dataset as Asset, DatasetAlias as AssetAlias

class Field(BaseOperator):
    template_fields = ("value",)
    template_ext = (".sql",)
    def __init__(self, value=None, **kwargs):
        super().__init__(**kwargs)
        self.value = value
    def execute(self, context):
        return self.value

class Inner:
    template_fields = ("text", "more")
    def __init__(self, text, more=None):
        self.text, self.more = text, more
    def __repr__(self):
        return f"Inner({self.text!r}, {self.more!r})"

class Plain:
    def __init__(self, text):
        self.text = text
    def __repr__(self):
        return f"Plain({self.text!r})"

class OwnFields(Field):
    template_fields = ("value", "second")
    template_ext = (".txt",)
    def __init__(self, second="", **kwargs):
        super().__init__(**kwargs)
        self.second = second
    def prepare_template(self):
        self.second += " prepared"

class Gone(Field):
    template_fields = ("missing",)

class Shouting(Field):
    def render_template(self, content, context, jinja_env=None, seen_oids=None):
        return f"{super().render_template(content, context, jinja_env, seen_oids)}!"

class TextFile(Field):
    template_ext = ()

Pair = collections.namedtuple("Pair", "a b")

class Listed(list):
    pass

@dataclasses.dataclass
class Data:
    text: str

def shout(text):
    return text.upper() + "!"

with DAG(
    "d", schedule=SCHEDULE, start_date=START, catchup=False, tags=["one", "two"], description="what it does",
    params={"p": 1, "q": "two", "deep": {"list": [1, 2]}, "none": None, "day": Param("2026-01-01", type="string"),
            "limit": Param(5, type="integer", minimum=1)},
    default_args={"owner": "me", "email": ["a@b.c"]},
    user_defined_macros={"shout": shout, "answer": 42, "ds": "from the macros", "deep": {"key": ["value"]}},
    user_defined_filters={"twice": lambda text: text * 2, "ds_nodash": lambda text: "my own"},
    OPTIONS
) as the_dag:
    Field(task_id="before")
    Field(task_id="t", OPERATOR_OPTIONS, params={"p": "of the task", "own": True})
    Field.partial(task_id="mapped", map_index_template="{{ task.value }}-{{ ti.map_index }}").expand(
        value=["{{ ds }} {{ ti.map_index }}", "b {{ task.value }}", ["{{ run_id }}"]])
    with TaskGroup("g") as g:
        Field(task_id="inside")
"""

PREVIOUS = {
    "logical_date": "2026-01-01T03:00:00+00:00",
    "data_interval_start": "2025-12-31T03:00:00+00:00",
    "data_interval_end": "2026-01-01T03:00:00+00:00",
    "start_date": "2026-01-01T03:00:01+00:00",
    "end_date": "2026-01-01T03:00:09.123456+00:00",
}
RUN = {
    "run_id": "r__1", "run_type": "manual", "logical_date": "2026-01-02T03:04:05.678901+00:00",
    "data_interval_start": "2026-01-01T03:00:00+00:00", "data_interval_end": "2026-01-02T03:00:00+00:00",
    "run_after": "2026-01-02T03:04:05.678901+00:00", "start_date": "2026-01-02T03:05:00+00:00",
    "queued_at": "2026-01-02T03:04:06+00:00", "conf": {}, "prev_success": None, "consumed_asset_events": [],
}  # fmt: skip
EVENT = {
    "asset": {"name": "orders", "uri": "s3://bucket/orders", "extra": {"owner": "them"}},
    "extra": {"rows": 5}, "source_dag_id": "maker", "source_task_id": "make", "source_run_id": "m__1",
    "source_map_index": -1, "source_aliases": [{"name": "daily"}], "timestamp": "2026-01-02T03:03:00+00:00",
    "partition_key": None,
}  # fmt: skip
GIVEN: dict[str, Any] = {
    "variables": {"plain": "text", "deep": '{"key": [4, 5]}', "number": "7", "with.dot": "dotted", "broken": "{"},
    "connections": {
        "db": {"conn_id": "db", "conn_type": "postgres", "host": "there", "login": "me", "password": "pass-word",
               "schema": "base", "port": 5432, "extra": '{"a": 1, "b": {"c": "d"}}'},
        "bare": {"conn_id": "bare", "conn_type": "http", "host": None, "login": None, "password": None,
                 "schema": None, "port": None, "extra": None},
    },
    "xcoms": [
        {"task_id": "before", "map_index": -1, "key": "return_value", "value": {"a": [1, "x"]}},
        {"task_id": "before", "map_index": -1, "key": "other", "value": "side"},
        {"task_id": "before", "map_index": -1, "key": "nothing", "value": None},
        {"task_id": "g.inside", "map_index": -1, "key": "return_value", "value": 5},
        {"task_id": "mapped", "map_index": 0, "key": "return_value", "value": "zero"},
        {"task_id": "mapped", "map_index": 1, "key": "return_value", "value": "one"},
        {"task_id": "t", "map_index": -1, "key": "mine", "value": "own"},
    ],
}  # fmt: skip
_UTC_START = "datetime.datetime(2025, 1, 1)"
RUNS: dict[str, dict[str, Any]] = {
    "by hand, for the first time": {},
    "by hand, again, with a conf": {
        "run": {"conf": {"q": "from-conf", "p": "conf wins", "new": [1]}, "prev_success": PREVIOUS},
        "try_number": 2, "max_tries": 3,
    },
    "scheduled, later": {
        "schedule": "'0 3 * * *'",
        "run": {"run_id": "scheduled__2026-01-02T03:00:00+00:00", "run_type": "scheduled", "prev_success": PREVIOUS,
                "logical_date": "2026-01-02T03:00:00+00:00", "data_interval_start": "2026-01-02T03:00:00+00:00",
                "data_interval_end": "2026-01-03T03:00:00+00:00", "run_after": "2026-01-03T03:00:00+00:00"},
    },
    "scheduled in a zone, over a change of clocks": {
        "schedule": "'30 2 * * *'", "start": "pendulum.datetime(2025, 1, 1, tz='Europe/Berlin')",
        "run": {"run_id": "scheduled__x", "run_type": "scheduled", "logical_date": "2026-03-28T01:30:00+00:00",
                "data_interval_start": "2026-03-28T01:30:00+00:00", "data_interval_end": "2026-03-29T01:00:00+00:00",
                "run_after": "2026-03-29T01:00:00+00:00"},
    },
    "scheduled every two hours": {
        "schedule": "datetime.timedelta(hours=2)",
        "run": {"run_id": "scheduled__y", "run_type": "scheduled", "logical_date": "2026-01-02T22:00:00+00:00",
                "data_interval_start": "2026-01-02T22:00:00+00:00", "data_interval_end": "2026-01-03T00:00:00+00:00",
                "run_after": "2026-01-03T00:00:00+00:00"},
    },
    "scheduled once": {
        "schedule": "'@once'",
        "run": {"run_id": "scheduled__z", "run_type": "scheduled", "logical_date": "2025-01-01T00:00:00+00:00",
                "data_interval_start": "2025-01-01T00:00:00+00:00", "data_interval_end": "2025-01-01T00:00:00+00:00",
                "run_after": "2025-01-01T00:00:00+00:00"},
    },
    "backfilled": {
        "schedule": "'0 3 * * 1-5'",
        "run": {"run_id": "backfill__2026-01-02", "run_type": "backfill", "prev_success": PREVIOUS,
                "logical_date": "2026-01-02T03:00:00+00:00", "data_interval_start": "2026-01-02T03:00:00+00:00",
                "data_interval_end": "2026-01-05T03:00:00+00:00", "run_after": "2026-01-05T03:00:00+00:00"},
    },
    "begun by an asset": {
        "schedule": "[Asset('s3://bucket/orders')]",
        "run": {"run_id": "asset__1", "run_type": "asset_triggered", "consumed_asset_events": [EVENT, EVENT]},
        "run_of_3": {"logical_date": None, "data_interval_start": None, "data_interval_end": None},
    },
    "a copy of a mapped task": {"task_id": "mapped", "map_index": 1},
    "in a group, with inlets": {"task_id": "g.inside"},
    "with inlets and outlets": {
        "operator_options": "inlets=[Asset('s3://bucket/in')], outlets=[Asset('s3://bucket/out'), AssetAlias('al')]",
    },
}  # fmt: skip
"""What differs from `RUN` (``run``, and under Airflow 3 ``run_of_3``), and of the task and its DAG."""

TEMPLATES = """
{{ ds }}|{{ ds_nodash }}
{{ ts }}|{{ ts_nodash }}|{{ ts_nodash_with_tz }}
{{ logical_date }}|{{ logical_date.isoformat() }}|{{ logical_date.tzinfo }}|{{ logical_date.timezone_name }}
{{ logical_date.in_timezone('Europe/Berlin') }}|{{ logical_date.add(days=1) | ds }}|{{ logical_date.int_timestamp }}
{{ logical_date.strftime('%H:%M:%S.%f') }}|{{ logical_date.to_date_string() }}|{{ logical_date.day_of_week }}
{{ logical_date.format('YYYY-MM-DD HH:mm') }}|{{ logical_date.subtract(months=1).start_of('month') }}
{{ (logical_date - macros.timedelta(days=1)) | ts }}|{{ logical_date.date() }}|{{ logical_date.year }}
{{ data_interval_start }}|{{ data_interval_end }}
{{ data_interval_start | ds }}|{{ data_interval_start | ts }}|{{ data_interval_start | ts_nodash }}
{{ data_interval_end | ts_nodash_with_tz }}|{{ data_interval_end | ds_nodash }}
{{ data_interval_end.diff(data_interval_start).in_hours() }}|{{ (data_interval_end - data_interval_start) }}
{{ prev_data_interval_start_success }}|{{ prev_data_interval_end_success }}
{{ prev_data_interval_start_success | ds }}|{{ prev_data_interval_end_success | ts }}
{{ prev_start_date_success }}|{{ prev_end_date_success }}
{{ prev_start_date_success is none }}|{{ prev_data_interval_start_success is none }}
{{ prev_data_interval_start_success or 'never' }}
{{ prev_start_date_success | ts_nodash }}|{{ prev_end_date_success | ts_nodash_with_tz }}
{{ none | ds }}|{{ None | ts }}
{{ run_id }}|{{ dag_run.run_id }}|{{ dag_run.run_type }}|{{ dag_run.dag_id }}
{{ dag_run.run_type == 'manual' }}|{{ dag_run.run_type == 'scheduled' }}
{{ dag_run.logical_date }}|{{ dag_run.data_interval_start }}|{{ dag_run.data_interval_end }}|{{ dag_run.start_date }}
{{ dag_run.end_date }}|{{ dag_run.state }}|{{ dag_run.note }}
{{ dag_run.conf }}|{{ dag_run.conf.get('q', 'nothing') }}|{{ dag_run.conf['new'] }}
{{ dag_run.conf.q }}
{{ dag_run.start_date.isoformat() }}|{{ dag_run.clear_number }}
{{ dag.dag_id }}|{{ dag.description }}|{{ dag.tags | sort }}|{{ dag.start_date }}|{{ dag.owner }}
{{ dag.timezone }}|{{ dag.catchup }}|{{ dag.task_ids | sort }}|{{ dag.max_active_runs }}
{{ dag }}|{{ task }}
{{ dag.params.p }}|{{ dag.params['q'] }}|{{ dag.default_args.owner }}|{{ dag.get_task('before').task_id }}
{{ task.task_id }}|{{ task.owner }}|{{ task.email }}|{{ task.task_type }}|{{ task.operator_name }}|{{ task.retries }}
{{ task.label }}|{{ task.dag_id }}|{{ task.trigger_rule }}|{{ task.pool }}|{{ task.queue }}|{{ task.upstream_task_ids }}
{{ task.params }}
{{ task.execution_timeout }}|{{ task.retry_delay }}|{{ task.depends_on_past }}|{{ task.priority_weight }}
{{ ti.task_id }}|{{ ti.dag_id }}|{{ ti.run_id }}|{{ ti.map_index }}|{{ ti.try_number }}|{{ ti.max_tries }}|{{ ti.state }}
{{ task_instance.task_id }}|{{ task_instance is sameas ti }}|{{ ti.task is sameas task }}
{{ ti.logical_date }}
{{ ti.operator }}|{{ ti.pool }}|{{ ti.queue }}
{{ ti.log_url }}
{{ ti.end_date }}|{{ ti.duration }}|{{ ti.key }}
{{ ti.is_mapped }}|{{ ti.rendered_map_index }}
{{ ti.get_dagrun().run_id }}
{{ task_instance_key_str }}
{{ params }}|{{ params.p }}|{{ params['q'] }}|{{ params.own }}|{{ params.deep.list[1] }}|{{ params.none }}|{{ params.day }}
{{ params.new }}
{{ params.missing }}
{{ params.get('missing', 'other') }}|{{ params | length }}|{{ params.limit + 1 }}
{{ params | tojson }}
{% for k, v in params.items() %}{{ k }}={{ v }};{% endfor %}
{{ var.value.plain }}|{{ var.value.number }}|{{ var.json.number }}|{{ var.json.deep }}|{{ var.json.deep.key[1] }}
{{ var.value.get('plain') }}|{{ var.value.get('none', 'other') }}|{{ var.value.get('none', none) }}
{{ var.value.get('with.dot') }}|{{ var.json.get('none', {'a': 1}) }}|{{ var.json.get('deep')['key'] }}
{{ var.value.none }}
{{ var.json.none }}
{{ var.value.get('none') }}
{{ var.json.broken }}
{{ var.value }}
{{ var['value'].plain }}|{{ var['json'].deep['key'] }}|{{ var.value['plain'] }}
{{ var.value.get('none', default='named') }}
{{ conn.db.host }}|{{ conn.db.login }}|{{ conn.db.password }}|{{ conn.db.schema }}|{{ conn.db.port }}|{{ conn.db.conn_type }}
{{ conn.db.conn_id }}|{{ conn.db.extra_dejson.b.c }}|{{ conn.db.extra }}|{{ conn.db.get_uri() }}
{{ conn.get('none', 'other') }}|{{ conn.get('none') }}|{{ conn.get('db').host }}|{{ conn.get('none', {'host': 'x'}).host }}
{{ conn.none.host }}
{{ conn.bare.host }}|{{ conn.bare.extra_dejson }}|{{ conn.bare.port }}
{{ conn.db }}
{{ conn }}
{{ macros.ds_add(ds, 5) }}|{{ macros.ds_add('2015-01-06', -5) }}|{{ macros.ds_add('2015-01-01', 0) }}
{{ macros.ds_add('2015/01/01', 1) }}
{{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }}|{{ macros.ds_format('1/5/2015', '%m/%d/%Y', '%Y-%m-%d') }}
{{ macros.ds_format_locale('12/07/2024', '%d/%m/%Y', 'EEEE dd MMMM yyyy', 'en_US') }}
{{ macros.datetime(2020, 1, 1) + macros.timedelta(hours=2) }}|{{ macros.datetime.strptime('2020', '%Y') }}
{{ macros.datetime_diff_for_humans(macros.datetime(2020, 1, 1), macros.datetime(2021, 1, 1)) }}
{{ macros.datetime_diff_for_humans(data_interval_start, data_interval_end) }}
{{ macros.datetime.fromisoformat('2020-01-01T00:00:00') - macros.timedelta(1) }}
{{ macros.json.dumps({'b': 1, 'a': [none]}, sort_keys=True) }}|{{ macros.json.loads('[1, {"a": null}]') }}
{{ macros.uuid.UUID(int=0) }}|{{ macros.uuid.uuid5(macros.uuid.NAMESPACE_DNS, 'x') }}|{{ macros.uuid.uuid4() | string | length }}
{{ 0 <= macros.random() < 1 }}|{{ macros.time.gmtime(0).tm_year }}|{{ macros.time.strftime('%Y', macros.time.gmtime(0)) }}
{{ macros.dateutil.parser.parse('2020-01-02 03:04') }}
{{ macros.dateutil.relativedelta.relativedelta(months=1) + macros.datetime(2020, 1, 31) }}
{{ macros.yaml.safe_load('a: [1, 2]') }}
{{ macros.nothing }}
{{ macros.hive }}
{{ inlets }}|{{ outlets }}
{{ inlet_events | length }}|{{ outlet_events | length }}
{{ map_index_template }}
{{ expanded_ti_count }}
{{ exception }}
{{ reason }}
{{ try_number }}
{{ templates_dict }}
{{ test_mode }}
{{ conf.get('core', 'parallelism') }}|{{ conf.getint('core', 'parallelism') }}
{{ execution_date }}|{{ next_execution_date }}|{{ prev_execution_date }}
{{ execution_date | ts }}|{{ execution_date.strftime('%d') }}|{{ (execution_date + macros.timedelta(days=1)).isoformat() }}
{{ next_ds }}|{{ next_ds_nodash }}|{{ prev_ds }}|{{ prev_ds_nodash }}
{{ yesterday_ds }}|{{ yesterday_ds_nodash }}|{{ tomorrow_ds }}|{{ tomorrow_ds_nodash }}
{{ prev_execution_date_success }}|{{ ti.execution_date }}|{{ dag_run.execution_date }}
{{ dag_run.external_trigger }}|{{ dag_run.is_backfill }}
{{ triggering_asset_events | length }}
{% for asset, events in triggering_asset_events.items() %}{{ asset.uri }}:{{ events | length }};{% endfor %}
{{ (triggering_asset_events.values() | first | first).extra }}|{{ (triggering_asset_events.values() | first | first).source_dag_run.run_id }}
{{ (triggering_asset_events.values() | first | first).source_task_instance.task_id }}
{{ (triggering_asset_events.values() | first | first).source_dag_id }}|{{ (triggering_asset_events.values() | first | first).timestamp }}
{{ triggering_asset_events.for_asset_alias(name='daily') | length }}
{{ triggering_asset_events }}
{{ triggering_dataset_events | length }}|{{ triggering_dataset_events.items() | map('first') | list }}
{{ (triggering_dataset_events.values() | first | first).source_dag_id }}|{{ (triggering_dataset_events.values() | first | first).extra }}
{{ task_reschedule_count }}|{{ partition_key }}|{{ partition_date }}
{{ ti.xcom_pull(task_ids='before') }}|{{ ti.xcom_pull('before')['a'][1] }}|{{ ti.xcom_pull(task_ids='before', key='other') }}
{{ ti.xcom_pull(task_ids=['before', 'g.inside']) }}|{{ ti.xcom_pull(task_ids=['none', 'before']) }}
{{ ti.xcom_pull(task_ids='none') }}|{{ ti.xcom_pull(task_ids='none', default='other') }}
{{ ti.xcom_pull(task_ids='before', key='nothing', default='other') }}
{{ ti.xcom_pull(key='mine') }}|{{ ti.xcom_pull(task_ids='t', key='mine') }}
{{ ti.xcom_pull(task_ids='mapped') }}|{{ ti.xcom_pull(task_ids='mapped', map_indexes=1) }}
{{ ti.xcom_pull(task_ids='mapped', map_indexes=[1, 0]) }}|{{ ti.xcom_pull(task_ids='mapped', map_indexes=7, default='none') }}
{{ ti.xcom_pull(task_ids='before', map_indexes=-1) }}|{{ ti.xcom_pull(task_ids=('before',)) }}
{{ ti.xcom_pull(task_ids='before', dag_id='d', include_prior_dates=True) }}
{{ shout('x') }}|{{ answer + 1 }}|{{ deep.key[0] }}|{{ 'y' | twice }}
{{ 'x' | upper }}|{{ [3, 1] | sort }}|{{ {'a': 1} | tojson }}|{{ 'a,b'.split(',') }}|{{ 1.5 | round(0) }}
{% for n in [1, 2] %}{{ n }};{% endfor %}{% do [].append(1) %}{% set x = 5 %}{{ x }}
{% if params.p %}yes{% else %}no{% endif %}|{{ 'a' if none else 'b' }}
{# a comment #}text
{% raw %}{{ ds }}{% endraw %}
{{ nothing }}
{{ nothing.at_all }}
{{ nothing | default('other') }}|{{ nothing is defined }}|{{ ds is defined }}
{{ ti.__class__ }}
{{ ''.__class__.__mro__ }}
{{ ti._nothing }}
{{ 'unfinished
{{ ds | nofilter }}
{{ 1 / 0 }}
{{ [].pop() }}
{{ (1, 2) }}|{{ [1, 'x', none, true] }}|{{ {'a': 1.5} }}
{{ self }}
{{ range(3) | list }}|{{ dict(a=1) }}|{{ lipsum is defined }}|{{ cycler is defined }}|{{ namespace is defined }}
plain text
{{ ds }}
\\N
{{ ds }}\\N\\N
"""
"""One template on each line (``\\N`` is a newline of the template's own); the same for both releases: that a name is
not there is an answer as well."""

FIELDS: dict[str, dict[str, Any]] = {
    "text": {"value": "'{{ run_id }}'"},
    "members of a list and a tuple": {"value": "['{{ run_id }}', ('{{ params.q }}', 1, None)]"},
    "values of a map, not its keys": {"value": "{'{{ ts }}': '{{ run_id }}', 1: {'deep': ['{{ run_id }}']}}"},
    "a map of ordered keys": {"value": "collections.OrderedDict(a='{{ run_id }}')"},
    "members of a set": {"value": "{'{{ run_id }}'}"},
    "members of a frozen set": {"value": "frozenset({'{{ run_id }}'})"},
    "a named tuple": {"value": "Pair('{{ run_id }}', 1)"},
    "a list of a kind of its own": {"value": "Listed(['{{ run_id }}'])"},
    "an object's own template fields": {"value": "Inner('{{ run_id }}', ['{{ params.q }}', Inner('{{ ts }}')])"},
    "an object without template fields": {"value": "Plain('{{ run_id }}')"},
    "a data class": {"value": "Data('{{ run_id }}')"},
    "objects in collections": {"value": "[Inner('{{ run_id }}'), {'k': Plain('{{ run_id }}')}]"},
    "the same object twice": {"value": "[_one := Inner('{{ run_id }}'), _one]"},
    "a path": {"value": "pathlib.PurePosixPath('/{{ run_id }}')"},
    "bytes": {"value": "b'{{ run_id }}'"},
    "a number": {"value": "7"},
    "nothing": {"value": "None"},
    "an empty text": {"value": "''"},
    "an empty list": {"value": "[]"},
    "a moment": {"value": "datetime.datetime(2020, 1, 1)"},
    "a function of the context": {"value": "lambda context, jinja_env: context['run_id'] + '!'", "only": 3},
    "an attribute that is not there": {"operator": "Gone"},
    "custom fields and a hook": {
        "operator": "OwnFields", "value": "'{{ run_id }}'", "options": "second='{{ params.q }}'", "show": ["value", "second"],
    },
    "custom fields with a file of another kind": {
        "operator": "OwnFields", "value": "'q.sql'", "options": "second='s.txt'", "show": ["value", "second"],
    },
    "rendering that is overridden": {"operator": "Shouting", "value": "['{{ run_id }}']"},
    "a file": {"value": "'q.sql'"},
    "a file in a list": {"value": "['q.sql', 'x', 'sub/deep.sql']"},
    "a file in a map is a template's name": {"value": "{'k': 'q.sql'}"},
    "a file in a tuple is a template's name": {"value": "('q.sql',)"},
    "a file that is not there": {"value": "'gone.sql'"},
    "a file name that is a template": {"value": "'{{ params.q }}.sql'"},
    "a file that includes another": {"value": "'outer.sql'"},
    "a file that extends another": {"value": "'child.sql'"},
    "a file that imports a macro": {"value": "'imports.sql'"},
    "text that includes a file": {"value": "'{% include \"inner.sql\" %}'"},
    "a file of a kind that is none": {"operator": "TextFile", "value": "'q.sql'"},
    "a file on the search path": {"value": "'far.sql'", "dag": "template_searchpath=OTHER"},
    "a file on a search path of several": {"value": "'far.sql'", "dag": "template_searchpath=['/nowhere', OTHER]"},
    "a file name with a space after it": {"value": "'q.sql '"},
    "native: a number": {"value": "'{{ params.limit }}'", "dag": "render_template_as_native_obj=True"},
    "native: a list": {"value": "'{{ [1, params.limit] }}'", "dag": "render_template_as_native_obj=True"},
    "native: a moment": {"value": "'{{ data_interval_start }}'", "dag": "render_template_as_native_obj=True"},
    "native: text that looks like a number": {"value": "'12'", "dag": "render_template_as_native_obj=True"},
    "native: text in quotes": {"value": "'\"12\"'", "dag": "render_template_as_native_obj=True"},
    "native: a date's text": {"value": "'{{ ts }}'", "dag": "render_template_as_native_obj=True"},
    "native: two things": {"value": "'{{ 1 }}{{ 2 }}'", "dag": "render_template_as_native_obj=True"},
    "native: none": {"value": "'{{ none }}'", "dag": "render_template_as_native_obj=True"},
    "native: a map": {"value": "'{{ params.deep }}'", "dag": "render_template_as_native_obj=True"},
    "native: a result": {"value": "\"{{ ti.xcom_pull('before') }}\"", "dag": "render_template_as_native_obj=True"},
    "native: nested": {"value": "{'k': ['{{ params.limit }}']}", "dag": "render_template_as_native_obj=True"},
    "native: a file": {"value": "'number.sql'", "dag": "render_template_as_native_obj=True"},
    "native: an undefined name": {"value": "'{{ nothing }}'", "dag": "render_template_as_native_obj=True"},
    "native: for one task": {
        "value": "'{{ params.limit }}'", "options": "render_template_as_native_obj=True", "only": 3,
    },
    "native: for all but one task": {
        "value": "'{{ params.limit }}'", "dag": "render_template_as_native_obj=True",
        "options": "render_template_as_native_obj=False", "only": 3,
    },
    "other marks": {
        "value": "'<< run_id >> {{ ds }}'",
        "dag": "jinja_environment_kwargs={'variable_start_string': '<<', 'variable_end_string': '>>'}",
    },
    "trimmed blocks": {
        "value": "'{% if true %}\\nx\\n{% endif %}\\n'",
        "dag": "jinja_environment_kwargs={'trim_blocks': True, 'keep_trailing_newline': True}",
    },
    "an extension": {
        "value": "'{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}'",
        "dag": "jinja_environment_kwargs={'extensions': ['jinja2.ext.loopcontrols']}",
    },
    "a lenient undefined": {"value": "'[{{ nothing }}]'", "dag": "template_undefined=__import__('jinja2').Undefined"},
    "an undefined that tells": {
        "value": "'[{{ nothing }}]'", "dag": "template_undefined=__import__('jinja2').DebugUndefined",
    },
    "a strict undefined": {"value": "'[{{ nothing }}]'"},
    "a user's macro before the context": {"value": "'{{ ds }} {{ answer }}'"},
    "a user's filter": {"value": "'{{ ts | ds_nodash }} {{ run_id | twice }}'"},
    "what is to be taken literally": {"value": "literal('{{ ds }}')"},
    "literally in a list": {"value": "[literal('{{ ds }}'), '{{ run_id }}']"},
    "a result": {"value": "the_dag.get_task('before').output"},
    "a result under a key": {"value": "the_dag.get_task('before').output['other']"},
    "a result that is not there": {"value": "the_dag.get_task('before').output['none']"},
    "results in collections": {"value": "[the_dag.get_task('before').output, {'k': the_dag.get_task('before').output}]"},
    "a result in a text": {"value": "f\"<{the_dag.get_task('before').output}>\""},
    "a result that is a template": {"value": "the_dag.get_task('before').output['template']"},
    "a result of a mapped task": {"value": "the_dag.get_task('mapped').output", "show": ["value.0", "value.1"]},
    "a param of the DAG": {"value": "the_dag.param('q')"},
    "a param of the DAG with a default": {"value": "the_dag.param('fresh', 'new')"},
    "an asset": {"value": "Asset('s3://bucket/{{ ds }}')", "show": ["value.uri"]},
    "a template that fails": {"value": "'{{ 1 / 0 }}'"},
    "a template of nothing": {"value": "'{% if false %}x{% endif %}'"},
    "templates of nothing inside": {"value": "['{{ \"\" }}', Inner('{{ \"\" }}', '{{ none }}')]"},
    "a template with a fault": {"value": "'{{ run_id'"},
    "a secret's name in what fails": {"value": "{'password': '{{ nothing }}'}"},
    "many newlines": {"value": "'{{ run_id }}\\n\\n'"},
    "windows' newlines": {"value": "'a\\r\\n{{ run_id }}\\r\\n'"},
    "no template with a newline": {"value": "'x\\n'"},
    "no template with windows' newlines": {"value": "'x\\r\\ny'"},
}  # fmt: skip
"""The value of a task's field, and what else is different: the operator's class, options of the task and the DAG."""

FILES = {
    "q.sql": "select '{{ run_id }}' -- {{ params.q }}\n",
    "sub/deep.sql": "deep {{ run_id }}",
    "two.sql": "a template's name",
    "s.txt": "second {{ run_id }}",
    "outer.sql": "begin {% include 'inner.sql' %} {% include 'sub/deep.sql' %} end",
    "inner.sql": "inner {{ ts }}",
    "base.sql": "a {% block b %}base{% endblock %} z",
    "child.sql": "{% extends 'base.sql' %}{% block b %}child {{ super() }} {{ run_id }}{% endblock %}",
    "macros.sql": "{% macro m(x) %}m{{ x }}{% endmacro %}",
    "imports.sql": "{% from 'macros.sql' import m %}{{ m(run_id) }}",
    "number.sql": "{{ params.limit }}",
}
OTHER_FILES = {"far.sql": "far {{ run_id }}"}


def templates() -> list[str]:
    """The templates of the table, in order."""
    return [line.replace("\\N", "\n") for line in TEMPLATES.strip("\n").splitlines()]


def dag_text(name: str, release: int) -> str:
    """The DAG file of a run of `RUNS`, with every field of `FIELDS` as a task of its own where NAME is empty."""
    case = RUNS.get(name, {})
    text = DAG_FILE.replace("SCHEDULE", case.get("schedule", "None")).replace("START", case.get("start", _UTC_START))
    options = case.get("operator_options", "")
    return text.replace("    OPTIONS\n", "").replace(" OPERATOR_OPTIONS,", f" {options}," if options else "")


def field_text(name: str) -> str:
    """The DAG file of a field of `FIELDS`, which is task ``t``'s."""
    case = FIELDS[name]
    start, _, rest = DAG_FILE.partition('    Field(task_id="t"')
    rest = rest.partition("\n")[2]
    more = f", {case['options']}" if "options" in case else ""
    own = f'    {case.get("operator", "Field")}(task_id="t", value={case.get("value", "None")}{more})\n'
    imports = "try:\n    from airflow.sdk import literal\nexcept ImportError:\n    from airflow.utils.template import literal\n"
    text = f"{imports}OTHER = __OTHER__\n{start}{rest}{own}"
    text = text.replace("SCHEDULE", "None").replace("START", _UTC_START)
    return text.replace("    OPTIONS\n", f"    {case['dag']},\n" if "dag" in case else "")


def scenario(name: str, release: int) -> dict[str, Any]:
    """A run of `RUNS` with all that it is given."""
    case = RUNS.get(name, {})
    run = {**RUN, **case.get("run", {}), **(case.get("run_of_3", {}) if release == 3 else {})}
    own = {key: case.get(key, default) for key, default in (
        ("task_id", "t"), ("map_index", -1), ("try_number", 1), ("max_tries", 0))}  # fmt: skip
    return {**GIVEN, **own, "run": run, "text": dag_text(name, release)}


def document(release: int) -> dict[str, Any]:
    """The whole table for a release of Airflow (2 or 3)."""
    fields = {name: case for name, case in FIELDS.items() if case.get("only", release) == release}
    return {
        "files": FILES,
        "other_files": OTHER_FILES,
        "templates": templates(),
        "runs": {name: scenario(name, release) for name in RUNS},
        "fields": {
            name: {**scenario("", release), "text": field_text(name), "show": case.get("show", ["value"])}
            for name, case in fields.items()
        },
    }
