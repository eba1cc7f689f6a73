"""Files by FTP and SFTP, and a command by SSH."""

from airflow.providers.ftp.hooks.ftp import FTPHook
from airflow.providers.ftp.operators.ftp import FTPFileTransmitOperator
from airflow.providers.ftp.sensors.ftp import FTPSensor
from airflow.providers.sftp.hooks.sftp import SFTPHook
from airflow.providers.sftp.operators.sftp import SFTPOperator
from airflow.providers.sftp.sensors.sftp import SFTPSensor
from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.sdk import DAG, Variable, task

with DAG("ftp", schedule=None):

    @task
    def listing():
        with FTPHook("ftp") as hook:
            return hook.list_directory("/")

    put = FTPFileTransmitOperator(
        task_id="put",
        ftp_conn_id="ftp",
        local_filepath="{{ var.value.folder }}/here.txt",
        remote_filepath="/there.txt",
        operation="put",
    )
    put >> FTPSensor(task_id="arrived", ftp_conn_id="ftp", path="/there.txt") >> listing()

with DAG("sftp", schedule=None):

    @task
    def content():
        return SFTPHook("ssh").list_directory(Variable.get("folder") + "/sub")

    put = SFTPOperator(
        task_id="put",
        ssh_conn_id="ssh",
        local_filepath="{{ var.value.folder }}/here.txt",
        remote_filepath="{{ var.value.folder }}/sub/there.txt",
        create_intermediate_dirs=True,
    )
    put >> SFTPSensor(task_id="arrived", sftp_conn_id="ssh", path="{{ var.value.folder }}/sub/there.txt") >> content()

with DAG("ssh", schedule=None):
    say = SSHOperator(task_id="say", ssh_conn_id="ssh", command="echo $((6 * 7)) {{ task.task_id }}", cmd_timeout=20)
    say >> SSHOperator(task_id="fails", ssh_conn_id="ssh", command="exit 3", cmd_timeout=20)
