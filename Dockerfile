# The command `viceversa`, as a service by default: docs/container.md says how to build and run it.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# The build of PyTorch: cpu, or a version of CUDA, as cu130.
ARG TORCH=cpu
# Extras of the package, with commas between them.
ARG EXTRAS=serve,onnx
# uv knows where PyTorch's builds are.
ARG UV=0.13.9
RUN pip install --no-cache-dir "uv==${UV}" && python -m venv --without-pip /opt/viceversa
WORKDIR /source
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY src src
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --python /opt/viceversa/bin/python --link-mode copy --compile-bytecode \
    --constraints constraints.txt --build-constraints constraints.txt --torch-backend "${TORCH}" ".[${EXTRAS}]"

FROM ${BASE}
LABEL org.opencontainers.image.title="viceversa" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/viceversa /opt/viceversa
# Any user may write to the cache and to the working folder, as `docker run --user` may name another one.
RUN useradd --create-home --uid 1000 viceversa && mkdir /models && mkdir --mode=1777 /cache /work
ENV PATH=/opt/viceversa/bin:$PATH XDG_CACHE_HOME=/cache
USER 1000
WORKDIR /work
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
# What Ctrl-C sends: every command stops at it, and a training is saved.
STOPSIGNAL SIGINT
ENTRYPOINT ["viceversa"]
CMD ["serve", "avatars", "--host", "0.0.0.0", "--port", "8000"]
