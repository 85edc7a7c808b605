# The wheel is built in the first stage and installed in the second: what runs here is what is shipped.
ARG PYTHON=3.13-slim

FROM python:${PYTHON} AS build
WORKDIR /source
COPY requirements/dev.txt requirements/dev.txt
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r requirements/dev.txt
COPY pyproject.toml README.md ./
COPY migrations migrations
COPY src src
RUN /build/bin/python -m build --wheel --no-isolation --outdir /dist \
    && /build/bin/python -m build --wheel --no-isolation --outdir /dist src/specialty_eval_client

FROM python:${PYTHON}
COPY requirements/runtime.txt /tmp/runtime.txt
COPY --from=build /dist /tmp/dist
RUN pip install --no-cache-dir --require-hashes -r /tmp/runtime.txt \
    && pip install --no-cache-dir --no-deps --no-index /tmp/dist/*.whl \
    && rm -rf /tmp/runtime.txt /tmp/dist \
    && useradd --uid 10001 --create-home --home-dir /data specialty-eval

# Without DATABASE_URL the embedded PostgreSQL and the files live in /data: mount a volume there.
ENV PYTHONUNBUFFERED=1 \
    SPECIALTY_EVAL_DATA=/data \
    SPECIALTY_EVAL_HOST=0.0.0.0 \
    SPECIALTY_EVAL_PORT=8000
VOLUME /data
WORKDIR /data
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['SPECIALTY_EVAL_PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["specialty-eval"]
CMD ["serve", "--with-worker"]
