# Several programs from a file, denit.yaml, on a base that has the C library, with stock Deno and the bundle.
ARG BASE=debian:stable-slim
ARG DENIT=denit:bundle

FROM ${DENIT} AS denit

FROM ${BASE}
COPY --from=denit /deno /denit.js /
COPY denit.yaml /etc/denit.yaml
ENTRYPOINT ["/deno", "run", "--no-config", "--no-prompt", "--no-code-cache", "--v8-flags=--expose-gc,--max-semi-space-size=1", "--allow-ffi", "/denit.js", "up"]
