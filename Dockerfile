# The image of the proxy: gateway, recorder and steward under one supervisor, as `interactions-proxy serve` runs them.
#
#   docker build --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:... -t interactions-proxy .
#   docker build --build-arg EXTRAS=fleet ...    # with what a proxy of a fleet needs besides (proxy/fleet/FLEET.md)
#   docker run --read-only --tmpfs /tmp -p 127.0.0.1:8080:8080 -v records:/var/lib/interactions-proxy interactions-proxy
#
# Each package is pinned by version and hash (`make lock`); the base image is what you name: give its digest.
# tests/outside/container does these very steps in a namespace of its own.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS built
ARG EXTRAS=
WORKDIR /opt/source
COPY requirements.lock requirements-fleet.lock requirements-build.lock ./
RUN python3.11 -m venv /opt/interactions-proxy && \
    for each in requirements ${EXTRAS:+requirements-${EXTRAS}}; do \
        /opt/interactions-proxy/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
            --no-deps --only-binary=:all: --require-hashes -r "$each.lock" || exit 1; \
    done
RUN python3.11 -m venv /opt/build && \
    /opt/build/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
        --no-deps --only-binary=:all: --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY proxy ./proxy
RUN /opt/build/bin/python -m pip wheel --disable-pip-version-check --no-deps --no-index --no-build-isolation \
        --wheel-dir /opt/wheels . && \
    /opt/interactions-proxy/bin/python -m pip install --disable-pip-version-check --no-deps --no-index /opt/wheels/*.whl
# The bill of materials, of what is installed and of nothing else. pip is not needed to run.
RUN /opt/interactions-proxy/bin/python -m pip uninstall --yes --quiet setuptools pip && \
    /opt/build/bin/cyclonedx-py environment --output-reproducible \
        --output-file /opt/interactions-proxy/sbom.cdx.json /opt/interactions-proxy/bin/python

FROM ${PYTHON_IMAGE}
# The folder belongs to the user, so that a new volume does, too.
RUN install -d -o 64646 -g 64646 -m 0700 /var/lib/interactions-proxy
COPY --from=built /opt/interactions-proxy /opt/interactions-proxy
ENV PATH=/opt/interactions-proxy/bin:/usr/local/bin:/usr/bin:/bin
ENV HOME=/var/lib/interactions-proxy
ENV PYTHONDONTWRITEBYTECODE=1
ENV PYTHONUNBUFFERED=1
VOLUME /var/lib/interactions-proxy
USER 64646:64646
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s \
    CMD python -c 'import urllib.request; urllib.request.urlopen("http://127.0.0.1:9464/livez", timeout=4)'
ENTRYPOINT ["interactions-proxy"]
CMD ["serve", "--data", "/var/lib/interactions-proxy/records", "--json", "--set", "listen.address=0.0.0.0", "--set", "ops.address=0.0.0.0", "--set", "log.format=json"]
