# GoFlow's two images, from one file and one base:
#
#   docker build --target daemon --tag goflow-daemon .     scheduler, server and importer: what the chart deploys
#   docker build --target runner --tag goflow-runner .     where Python and Bash tasks run, one container each
#
# BASE may be any image with Python 3.11 or later as `python3`, its venv module, bash and the root's certificates. Where the
# build must not ask the public index, the PIP_ arguments below name another one, or a folder of wheels mounted into it
# (pip takes an empty one for absent).
#
# The daemon's image takes the web page as it lies in goflow/server/static: run `make ui` first, or it has none.
#
# What others wrote and what is ours lie in layers of their own: a change of ours rebuilds and sends a few megabytes.

ARG BASE=python:3.13-slim

# ---- what both are made with: a virtual environment at the place where it stays, and pip's settings
FROM ${BASE} AS builder
ARG PIP_INDEX_URL=""
ARG PIP_FIND_LINKS=""
ARG PIP_NO_INDEX=""
ENV PIP_INDEX_URL=${PIP_INDEX_URL} \
    PIP_FIND_LINKS=${PIP_FIND_LINKS} \
    PIP_NO_INDEX=${PIP_NO_INDEX} \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PATH=/opt/goflow/bin:${PATH}
RUN ["python3", "-m", "venv", "/opt/goflow"]
# Python 3.11's venv brings setuptools, a quarter of all that is added to the base; later ones do not, and nothing asks for it
RUN ["pip", "uninstall", "--yes", "setuptools"]

# ---- the dependencies: each distribution is installed without its modules, for what it asks for, and removed again
FROM builder AS runner-dependencies
COPY compat/runner/pyproject.toml /src/runner/
COPY compat/runner/goflow_runner/__init__.py /src/runner/goflow_runner/
COPY compat/airflow_shim/pyproject.toml /src/airflow_shim/
COPY compat/airflow_shim/airflow/__init__.py /src/airflow_shim/airflow/
RUN ["pip", "install", "/src/runner", "/src/airflow_shim"]
RUN ["pip", "uninstall", "--yes", "goflow-runner", "goflow-airflow-shim"]

FROM builder AS daemon-dependencies
COPY compat/runner/pyproject.toml /src/runner/
COPY compat/runner/goflow_runner/__init__.py /src/runner/goflow_runner/
COPY pyproject.toml hatch_build.py README.md LICENSE /src/goflow/
COPY goflow/__init__.py /src/goflow/goflow/
RUN ["pip", "install", "/src/runner", "/src/goflow"]
RUN ["pip", "uninstall", "--yes", "goflow-runner", "goflow"]

# ---- our own distributions, installed apart, to be laid over their dependencies
FROM builder AS packer
RUN ["pip", "install", "hatchling"]

FROM packer AS runner-own
COPY compat/runner /src/runner
COPY compat/airflow_shim /src/airflow_shim
RUN ["pip", "install", "--no-deps", "--no-build-isolation", "--prefix=/own", "/src/runner", "/src/airflow_shim"]

FROM packer AS daemon-own
COPY compat/runner /src/runner
COPY pyproject.toml hatch_build.py README.md LICENSE /src/goflow/
COPY goflow /src/goflow/goflow
RUN ["pip", "install", "--no-deps", "--no-build-isolation", "--prefix=/own", "/src/runner", "/src/goflow"]

# ---- what both run on: a user of its own with a name and a home, because people's code asks for both
FROM ${BASE} AS base
LABEL org.opencontainers.image.vendor="GoFlow" \
      org.opencontainers.image.licenses="BSD-3-Clause"
RUN ["groupadd", "--gid", "65532", "goflow"]
RUN ["useradd", "--uid", "65532", "--gid", "65532", "--create-home", "--shell", "/bin/bash", "goflow"]
ENV PATH=/opt/goflow/bin:${PATH} \
    HOME=/home/goflow \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1

FROM base AS runner
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="goflow-runner" \
      org.opencontainers.image.description="Runs one attempt of one task of an Airflow DAG file, without Airflow" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=runner-dependencies /opt/goflow /opt/goflow
COPY --from=runner-own /own /opt/goflow
USER 65532:65532
WORKDIR /home/goflow
CMD ["goflow-runner", "--help"]

FROM base AS daemon
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="goflow-daemon" \
      org.opencontainers.image.description="Reads Airflow DAG files and runs their tasks as Kubernetes Jobs" \
      org.opencontainers.image.version="${VERSION}"
RUN ["install", "--directory", "--owner=65532", "--group=65532", "/var/lib/goflow"]
ENV GOFLOW_HOME=/var/lib/goflow
COPY --from=daemon-dependencies /opt/goflow /opt/goflow
COPY --from=daemon-own /own /opt/goflow
USER 65532:65532
WORKDIR /var/lib/goflow
ENTRYPOINT ["goflow-daemon"]
