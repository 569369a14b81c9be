# Ownlist in a container: docker build -t ownlist .
#
# The base is named by its tag. `python3 deploy/container/pin.py` pins it by digest, here
# and in compose.yaml. The layers above it have 120 MB at most, which a test measures.
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /srv/ownlist
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends binutils
COPY requirements.txt ./
# Without pip, which a running service does not need, and without the texts of packages in
# other languages.
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --disable-pip-version-check --python /opt/venv/bin/python \
        install --quiet --no-cache-dir --no-deps --require-hashes -r requirements.txt \
    && python -m pip --disable-pip-version-check --python /opt/venv/bin/python check \
    && find /opt/venv -path '*/locale/*' -name '*.[mp]o' -not -path '*/locale/en*' -delete
# Without tests, geography and servers for sign-in that Ownlist does not use: 13 MB. And
# without what only a debugger reads, in the three libraries that bring much of it: 18 MB.
RUN cd /opt/venv/lib/python3.*/site-packages \
    && find . -mindepth 2 -type d -name tests -prune -exec rm -r {} + \
    && find django/contrib/gis -mindepth 1 -maxdepth 1 -exec rm -r {} + \
    && find allauth/socialaccount/providers -mindepth 1 -maxdepth 1 -type d \
        ! -name base ! -name 'o[ap]*' ! -name __pycache__ -exec rm -r {} + \
    && strip --strip-debug _brotli.*.so uvloop/loop.*.so yaml/_yaml.*.so
COPY manage.py ./
COPY accounts/ accounts/
COPY config/ config/
COPY todos/ todos/
COPY templates/ templates/
COPY static/ static/
COPY deploy/container/ deploy/container/
# It is part of the OpenAPI document.
COPY docs/export.schema.json docs/
# The service cannot write into its code, so it could not keep this by itself.
RUN /opt/venv/bin/python -m compileall -q accounts config todos

FROM ${PYTHON_IMAGE}
# A volume that is made later gets the owner and the mode of these folders.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/ownlist /etc/ownlist /etc/ownlist-database
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/ownlist /srv/ownlist
WORKDIR /srv/ownlist
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    VAR_DIR=/var/lib/ownlist \
    OWNLIST_ENV_FILE=/etc/ownlist/env
VOLUME ["/var/lib/ownlist", "/etc/ownlist"]
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-m", "config.probe"]
# Makes the secrets at the first start, migrates, collects static files, and serves.
CMD ["python", "-m", "config.launch", "run"]
