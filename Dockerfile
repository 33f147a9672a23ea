# syntax=docker/dockerfile:1
# The program and its browser files, to run against a Postgres of your own (see compose.yaml).
FROM rust:1.95-trixie AS build
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
ENV MILLRACE_TOOLS=/opt/millrace-tools CARGO_TARGET_DIR=/src/target
# DATABASE_URL tells set-up that no Postgres is needed here. Tools first: their layer outlives edits of the code.
COPY Cargo.lock ./
COPY scripts/env scripts/setup scripts/
RUN DATABASE_URL=external scripts/setup run
COPY . .
# The build folder is a cache, so what is wanted is copied out of it in the same step.
RUN --mount=type=cache,target=/src/target --mount=type=cache,target=/usr/local/cargo/registry \
    scripts/build && mkdir -p /out && \
    cp target/release/millrace target/release/hash.txt /out/ && cp -r target/site /out/site

FROM debian:trixie-slim
# Client programs for backups (pg_dump); no server. libstdc++ is for the solver.
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates curl libstdc++6 postgresql-client && \
    rm -rf /var/lib/apt/lists/* && \
    useradd --system --uid 10001 --home-dir /var/lib/millrace --create-home --shell /usr/sbin/nologin millrace
COPY --from=build /out /opt/millrace
COPY LICENSE-APACHE LICENSE-MIT /opt/millrace/
COPY server/fonts/LICENSE /opt/millrace/LICENSE-INTER
ENV PATH=/opt/millrace:$PATH \
    LEPTOS_OUTPUT_NAME=millrace LEPTOS_SITE_ROOT=/opt/millrace/site LEPTOS_SITE_PKG_DIR=pkg LEPTOS_HASH_FILES=true \
    MILLRACE_ENV=production MILLRACE_LISTEN=0.0.0.0:8000 MILLRACE_DATA_DIR=/var/lib/millrace
USER 10001
WORKDIR /var/lib/millrace
VOLUME /var/lib/millrace
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8000/health/live"]
ENTRYPOINT ["millrace"]
CMD ["serve"]
