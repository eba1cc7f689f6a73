"""Keys in Redis, objects in S3."""

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.s3 import S3CreateBucketOperator, S3CreateObjectOperator, S3ListOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.redis.hooks.redis import RedisHook
from airflow.providers.redis.operators.redis_publish import RedisPublishOperator
from airflow.providers.redis.sensors.redis_key import RedisKeySensor
from airflow.sdk import DAG, task

with DAG("redis", schedule=None):

    @task
    def put():
        RedisHook("redis").get_conn().set("orders", 3)

    publish = RedisPublishOperator(task_id="publish", redis_conn_id="redis", channel="news", message="{{ dag.dag_id }}")
    put() >> RedisKeySensor(task_id="arrived", redis_conn_id="redis", key="orders") >> publish

with DAG("s3", schedule=None):

    @task
    def read():
        return S3Hook("aws").read_key("orders/first", "shop")

    make = S3CreateBucketOperator(task_id="make", aws_conn_id="aws", bucket_name="shop")
    put = S3CreateObjectOperator(
        task_id="put", aws_conn_id="aws", s3_bucket="shop", s3_key="orders/first", data="of {{ run_id }}"
    )
    arrived = S3KeySensor(task_id="arrived", aws_conn_id="aws", bucket_name="shop", bucket_key="orders/*", wildcard_match=True)
    make >> put >> arrived >> S3ListOperator(task_id="list", aws_conn_id="aws", bucket="shop", prefix="orders/") >> read()
